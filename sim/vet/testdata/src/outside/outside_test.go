package outside

import (
	"os"
	"testing"
)

// Test files are not looked at.
func TestMain(m *testing.M) { os.Exit(m.Run()) }
