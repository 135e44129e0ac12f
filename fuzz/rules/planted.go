package rules

import (
	"go/ast"
)

// plantedHome is the only package whose files may depend on the build tag
// `planted`, so that an ordinary binary differs from a planted one in it alone.
const plantedHome = "core/planted"

// CheckPlantedTag reports a file outside core/planted whose build constraint
// names the tag `planted`. Tests may: they are in no binary.
func CheckPlantedTag(f *File, pkg string) []Finding {
	if pkg == plantedHome || f.Test || !mentions(f.AST, "planted") {
		return nil
	}
	return []Finding{f.finding(f.AST.Name, "planted",
		"the build tag planted belongs to core/planted alone: guard the bug with planted.On(name) instead")}
}

// CheckPlantedOff reports if the ordinary build's planted.On is not plainly
// `return false`, which the compiler inlines and folds away. files are those of
// core/planted.
func CheckPlantedOff(files []*File) []Finding {
	for _, f := range files {
		if f.Test || f.Planted {
			continue
		}
		for _, decl := range f.AST.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || fn.Name.Name != "On" || fn.Recv != nil {
				continue
			}
			if !returnsFalse(fn.Body) {
				return []Finding{f.finding(fn, "planted", "On without the tag planted must be only `return false`")}
			}
			return nil
		}
	}
	return []Finding{{Rule: "planted", Text: "core/planted has no On for ordinary builds"}}
}

// returnsFalse reports whether a body is the one statement `return false`.
func returnsFalse(body *ast.BlockStmt) bool {
	if body == nil || len(body.List) != 1 {
		return false
	}
	ret, ok := body.List[0].(*ast.ReturnStmt)
	if !ok || len(ret.Results) != 1 {
		return false
	}
	id, ok := ret.Results[0].(*ast.Ident)
	return ok && id.Name == "false"
}
