package rules

import (
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Root returns the directory of the module's go.mod, searching upwards from the
// working directory.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if filepath.Dir(dir) == dir {
			return "", errors.New("rules: no go.mod above the working directory")
		}
		dir = filepath.Dir(dir)
	}
}

// ParseTree parses every Go file of the module below root whatever its build
// constraint, test data excepted. A file that cannot be parsed is an error.
func ParseTree(root string) ([]*File, error) {
	var files []*File
	fset := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() {
			if path != root && (name == "testdata" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")) {
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(name) != ".go" {
			return nil
		}
		f, err := parseFile(fset, root, path)
		if err != nil {
			return err
		}
		files = append(files, f)
		return nil
	})
	return files, err
}

// parseFile parses one file and names it relative to root.
func parseFile(fset *token.FileSet, root, path string) (*File, error) {
	rel, err := filepath.Rel(root, path)
	if err != nil {
		return nil, err
	}
	parsed, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
	if err != nil {
		return nil, fmt.Errorf("rules: %w", err)
	}
	return newFile(fset, filepath.ToSlash(rel), parsed), nil
}
