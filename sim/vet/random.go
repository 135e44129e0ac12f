package vet

const randomDoc = `refuse randomness that no seed decides

A replay must draw the same numbers. A node draws from env.Rand; other code from a
generator that it was given, made by rand.New(rand.NewPCG(a, b)).`

const (
	sharedDraw = "draws from the process-wide generator, which starts elsewhere in each process: " +
		"a replay draws other numbers; draw from env.Rand or from a rand.New(rand.NewPCG(a, b)) of your own"
	seedless = "New NewPCG NewChaCha8 NewSource NewZipf Rand Source Source64 PCG ChaCha8 Zipf"
	keygen   = "ignores its reader and takes the system's entropy: a replay gets another key; derive the key from bytes given as an argument"
	tail     = "computes its tail by math.Log and math.Exp, whose last bit differs between architectures: " +
		"a replay elsewhere drifts; add up uniform draws, or use a table"
)

// checkRandom reports the process-wide generators and the system's entropy.
func checkRandom(u *unit) {
	u.checkBans([]ban{
		{"math/rand", seedless, true, sharedDraw},
		{"math/rand/v2", seedless, true, sharedDraw},
		{"math/rand", "Rand.NormFloat64 Rand.ExpFloat64 NewZipf", false, tail},
		{"math/rand/v2", "Rand.NormFloat64 Rand.ExpFloat64 NewZipf", false, tail},
		{"crypto/rsa", "GenerateKey GenerateMultiPrimeKey", false, keygen},
		{"crypto/ecdsa", "GenerateKey", false, keygen},
		{"crypto/ed25519", "GenerateKey", false, keygen},
		{"crypto/dsa", "GenerateKey GenerateParameters", false, keygen},
		{"crypto/ecdh", "Curve.GenerateKey", false, keygen},
		{"crypto/mlkem", "GenerateKey768 GenerateKey1024 EncapsulationKey768.Encapsulate EncapsulationKey1024.Encapsulate", false, keygen},
	})
	u.checkPackages(imports{
		{"crypto/rand", "it is the system's entropy, which a replay does not get again: entropy is an input; take it as an argument, or draw from env.Rand"},
		{"hash/maphash", "its seed differs from process to process, and so does the hash in a replay: use hash/fnv or crypto/sha256"},
	})
}
