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

	// drain and balance, between operator, manager and games
	TypeOperate    = 110
	TypeDrain      = 111
	TypeDraining   = 112
	TypeShed       = 113
	TypeHasShed    = 114
	TypeFarewell   = 115
	TypeFarewelled = 116

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

	// passing a record on, between game and db
	TypeExpect    = 160
	TypeExpected  = 161
	TypeUnexpect  = 162
	TypeTake      = 163
	TypeAnnounced = 164

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

	// migrate, between the source, the arbiter and the target
	TypePreReq    = 230
	TypePreOK     = 231
	TypePreNo     = 232
	TypeHold      = 233
	TypeHoldMark  = 234
	TypeState     = 235
	TypeBuilt     = 236
	TypeNotBuilt  = 237
	TypeFlush     = 238
	TypeFlushed   = 239
	TypeHeldMail  = 240
	TypeCommit    = 241
	TypeLive      = 242
	TypeLiveAck   = 243
	TypeLiveHeard = 244
	TypeAbort     = 245
	TypeAborted   = 246
	TypeCancel    = 247
	TypeThawed    = 248
	TypeUndo      = 249
	TypeOrphan    = 250
	TypeAdopted   = 251
	TypeRelayed   = 252
	TypeWhatOf    = 253 // inside TypeRelayed alone
	TypeMailMoved = 254
	TypeForwarded = 255
	TypeAskGone   = 256

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
	TypeGameMoved    = 223
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
