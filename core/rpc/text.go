package rpc

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// MaxText bounds the text of a table, in bytes; a longer one is refused.
const MaxText = 4 << 20

// The first word of the text, and the edition of its form.
const (
	format  = "messiah-rpc"
	edition = 1
)

// Parse reads a table from its text: the lines `messiah-rpc 1`, `schema N` and `seed
// N`, then a line `NNNN name` for each name, or `NNNN -name` if it is retired, in any order. Empty
// lines are skipped; lines that begin with '#' are comments, which Text keeps above the
// line that they stood above. Errors name the line and what to do.
func Parse(text []byte) (*Table, error) {
	if len(text) > MaxText {
		return nil, fmt.Errorf("rpc: a table of %d bytes, more than %d: remove comments", len(text), MaxText)
	}
	p := parser{table: new(Table), names: map[string]int{}}
	for line := range bytes.Lines(text) {
		p.line++
		if err := p.read(strings.TrimSpace(string(line))); err != nil {
			return nil, fmt.Errorf("rpc: line %d: %w", p.line, err)
		}
	}
	if p.header < len(headers) {
		return nil, fmt.Errorf("rpc: line %d: the table ends before its line `%s N`: take it from the last commit, and run messiah rpcindex",
			p.line+1, headers[p.header])
	}
	p.table.tail = p.comments
	return p.table, p.table.seal()
}

// headers are the first words of the lines before the names, in their order.
var headers = [...]string{format, "schema", "seed"}

// parser reads a text line by line.
type parser struct {
	table    *Table
	line     int
	header   int      // how many header lines it has read
	comments []string // since the last line that is none
	names    map[string]int
	numbers  [Numbers]int // the line that has the number
}

func (p *parser) read(line string) error {
	switch {
	case line == "":
		return nil
	case line[0] == '#':
		p.comments = append(p.comments, line)
		return nil
	case p.header < len(headers):
		return p.readHeader(line)
	}
	return p.readName(line)
}

func (p *parser) readHeader(line string) error {
	word, value, _ := strings.Cut(line, " ")
	size := 32
	if p.header == 2 {
		size = 64
	}
	n, err := strconv.ParseUint(strings.TrimSpace(value), 10, size)
	if word != headers[p.header] || err != nil {
		return fmt.Errorf("%q where `%s N` belongs, N of %d bits: take the line from the last commit", line, headers[p.header], size)
	}
	switch p.header {
	case 0:
		if n != edition {
			return fmt.Errorf("a table of edition %d, and this build reads %d: use a build as new as the table", n, edition)
		}
		p.table.head, p.comments = p.comments, nil
	case 1:
		p.table.schema = uint32(n)
	case 2:
		p.table.seed = n
	}
	p.header++
	return nil
}

func (p *parser) readName(line string) error {
	digits, name, _ := strings.Cut(line, " ")
	number, err := strconv.ParseUint(digits, 10, 16)
	if err != nil {
		return fmt.Errorf("%q is no `NNNN name`: remove the line, and run messiah rpcindex", line)
	}
	e := entry{number: uint16(number), above: p.comments}
	e.name, e.retired = strings.CutPrefix(strings.TrimSpace(name), "-")
	if err := checkEntry(&e); err != nil {
		return fmt.Errorf("%w: remove the line, and run messiah rpcindex", err)
	}
	if other := p.names[e.name]; other != 0 {
		return fmt.Errorf("name %s has line %d already: remove the later of the two that was committed", e.name, other)
	}
	if other := p.numbers[number-First]; other != 0 {
		return fmt.Errorf("%s has number %d, as line %d has: remove the line that was committed later, and run messiah rpcindex",
			e.name, number, other)
	}
	p.names[e.name], p.numbers[number-First], p.comments = p.line, p.line, nil
	p.table.entries = append(p.table.entries, e)
	return nil
}

// Text returns the table as Parse reads it, its lines sorted by name.
func (t *Table) Text() []byte {
	if t == nil {
		t = new(Table)
	}
	var out bytes.Buffer
	comment(&out, t.head)
	fmt.Fprintf(&out, "%s %d\nschema %d\nseed %d\n", format, edition, t.schema, t.seed)
	for i := range t.entries {
		e := &t.entries[i]
		comment(&out, e.above)
		mark := ""
		if e.retired {
			mark = "-"
		}
		fmt.Fprintf(&out, "%d %s%s\n", e.number, mark, e.name)
	}
	comment(&out, t.tail)
	return out.Bytes()
}

func comment(out *bytes.Buffer, lines []string) {
	for _, line := range lines {
		out.WriteString(line)
		out.WriteByte('\n')
	}
}
