// Package proto holds the messages between roles, one file a conversation. A
// message's number is never used again, its fields only ever grow at the end.
package proto

import "messiah/core/wire"

// Message numbers. The first hundred belong to links.
const (
	// start
	TypeRegister      = 100
	TypeProcesses     = 101
	TypeGateConnected = 102
	TypeReady         = 103
	TypeBePrimary     = 104
	TypeStubsMade     = 105
	TypeAdmit         = 106
	TypeReport        = 107
	TypeLeave         = 108
	TypeKick          = 109

	// login, between gate and game
	TypeEnter       = 130
	TypeEntered     = 131
	TypeEnterFailed = 132
	TypeClientLost  = 133
	TypeClientBack  = 134
	TypeExit        = 135
	TypeExited      = 136
	TypeKickClient  = 137
	TypeVerify      = 138
	TypeVerified    = 139

	// call
	TypeClientCall = 150
	TypeToClient   = 151
	TypeClientMove = 152

	// mail, between games by a gate
	TypeMail      = 153
	TypeProxyMail = 154
	TypeProxyPush = 155
	TypeMailEnd   = 156
	TypeGameGone  = 157

	// save, between game and db
	TypeClaim   = 170
	TypeClaimed = 171
	TypeHeld    = 172
	TypeSave    = 173
	TypeSaved   = 174
	TypeRelease = 175
	TypeNoSave  = 176

	// query and unique names, between game and db
	TypeQuery       = 180
	TypeFound       = 181
	TypeTakeName    = 182
	TypeNameTaken   = 183
	TypeDropName    = 184
	TypeNameDropped = 185

	// store, between db and the record store
	TypeStoreGet = 190
	TypeStorePut = 191
	TypeStoreGot = 192
	TypeStoreDid = 193

	TypeStoreDelete = 194
	TypeStoreFind   = 195
	TypeStoreListed = 196

	// between client and gate or avatar, inside a session
	TypeLogin        = 210
	TypeLoggedIn     = 211
	TypeLoginRefused = 212
	TypeLogout       = 213
	TypeCall         = 214
	TypeReply        = 215
	TypePush         = 216
	TypeGameLost     = 217
	TypeKicked       = 218
	TypeMove         = 220
	TypeCorrect      = 221
	TypeWorkload     = 219 // to a client, by whoever runs it
	TypeAsk          = 222 // likewise
)

// Version is what this build speaks, of a game whose RPC table has the schema and the digest.
func Version(schema uint32, digest uint64) wire.Version {
	return wire.Version{ProtoMin: 1, ProtoMax: 1, Schema: schema, Digest: digest}
}

// MaxName bounds account, method and stub names, in bytes.
const MaxName = 128

// names codes a list of strings.
func names(c *wire.Coder, s *[]string) {
	wire.Slice(c, s, func(c *wire.Coder, one *string) { c.String(one) })
}
