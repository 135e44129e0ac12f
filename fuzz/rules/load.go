package rules

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"io/fs"
	"os"
	"os/exec"
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

// listed is what `go list` says of a package.
type listed struct {
	ImportPath     string
	Dir            string
	Export         string // The compiler's export file; "" if it does not compile.
	GoFiles        []string
	CgoFiles       []string
	IgnoredGoFiles []string
}

// Load reads the packages of the deterministic trees, parsed from source and
// type-checked against the compiler's export data of what they import. A package
// that does not compile comes back with its type errors as findings.
func Load(root string) ([]*Unit, error) {
	patterns := make([]string, 0, len(deterministic))
	for _, dir := range deterministic {
		patterns = append(patterns, "./"+dir+"/...")
	}
	packages, err := goList(root, patterns...)
	if err != nil {
		return nil, err
	}
	fset := token.NewFileSet()
	imp := exportImporter(fset, packages)
	var units []*Unit
	for _, p := range packages {
		pkg := shortPath(p.ImportPath)
		if pkg == p.ImportPath || !Deterministic(pkg) {
			continue
		}
		us, err := loadPackage(fset, imp, root, p)
		if err != nil {
			return nil, err
		}
		units = append(units, us...)
	}
	return units, nil
}

// goList lists packages with their dependencies and export files. Packages that
// do not compile are listed too, without one.
func goList(root string, patterns ...string) ([]listed, error) {
	args := append([]string{"list", "-e", "-export", "-deps",
		"-json=ImportPath,Dir,Export,GoFiles,CgoFiles,IgnoredGoFiles"}, patterns...)
	cmd := exec.Command("go", args...)
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if len(out) == 0 && err != nil {
		return nil, fmt.Errorf("rules: go list: %w: %s", err, stderr.Bytes())
	}
	var packages []listed
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, fmt.Errorf("rules: go list: %w", err)
		}
		packages = append(packages, p)
	}
}

// exportImporter resolves imports from the export files of the listed packages.
func exportImporter(fset *token.FileSet, packages []listed) types.Importer {
	exports := make(map[string]string, len(packages))
	for _, p := range packages {
		exports[p.ImportPath] = p.Export
	}
	return importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		if exports[path] == "" {
			return nil, fmt.Errorf("rules: package %s does not compile", path)
		}
		return os.Open(exports[path])
	})
}

// loadPackage reads one package as a unit, and each file that its build
// constraint keeps out of this build as a unit of its own without types.
func loadPackage(fset *token.FileSet, imp types.Importer, root string, p listed) ([]*Unit, error) {
	parse := func(names []string) ([]*File, error) {
		var files []*File
		for _, name := range names {
			f, err := parseFile(fset, root, filepath.Join(p.Dir, name))
			if err != nil {
				return nil, err
			}
			files = append(files, f)
		}
		return files, nil
	}
	built, err := parse(append(p.GoFiles, p.CgoFiles...))
	if err != nil {
		return nil, err
	}
	ignored, err := parse(p.IgnoredGoFiles)
	if err != nil {
		return nil, err
	}
	pkg := shortPath(p.ImportPath)
	units := []*Unit{TypeCheck(pkg, built, imp)}
	for _, f := range ignored {
		units = append(units, &Unit{Path: pkg, Files: []*File{f}, Info: newInfo()})
	}
	return units, nil
}

// newInfo returns empty tables for the type checker to fill.
func newInfo() *types.Info {
	return &types.Info{
		Types:      map[ast.Expr]types.TypeAndValue{},
		Defs:       map[*ast.Ident]types.Object{},
		Uses:       map[*ast.Ident]types.Object{},
		Selections: map[*ast.SelectorExpr]*types.Selection{},
	}
}

// TypeCheck makes a unit of a package's parsed files. What does not type-check is
// a finding of the rule "compile"; the rest of the package is still known.
func TypeCheck(pkg string, files []*File, imp types.Importer) *Unit {
	u := &Unit{Path: pkg, Files: files, Info: newInfo()}
	if len(files) == 0 {
		return u
	}
	byPath := make(map[string]*File, len(files))
	parsed := make([]*ast.File, 0, len(files))
	for _, f := range files {
		byPath[f.Fset.Position(f.AST.Pos()).Filename] = f
		parsed = append(parsed, f.AST)
	}
	conf := types.Config{
		Importer: imp,
		Error: func(err error) {
			var te types.Error
			if errors.As(err, &te) && !te.Soft {
				pos := te.Fset.Position(te.Pos)
				if f := byPath[pos.Filename]; f != nil {
					pos.Filename = f.Name
				}
				u.Errs = append(u.Errs, Finding{Pos: pos, Rule: "compile", Text: te.Msg})
			}
		},
	}
	fset := files[0].Fset
	// The error is the first of those that Error has been given.
	_, _ = conf.Check(Module+"/"+pkg, fset, parsed, u.Info)
	return u
}
