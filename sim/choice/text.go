package choice

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// A purpose or label that is longer, in bytes, is an error in writing as in
// reading, and so is a longer line in reading; the longest decision, quoted, fits.
const (
	maxName = 256
	maxLine = 4096
)

// WriteDecisions writes a decision a line, as purpose, id, @index, label and
// value/n: "link 3 @17 latency 40/64" is the 18th decision of the stream
// (link, 3). Names that are not plain words are quoted as in Go. It refuses a
// decision that ReadDecisions would not take.
func WriteDecisions(w io.Writer, decisions []Decision) error {
	if len(decisions) > MaxDecisions {
		return fmt.Errorf("choice: %d decisions are more than %d", len(decisions), MaxDecisions)
	}
	out := bufio.NewWriter(w)
	var line []byte
	for i := range decisions {
		d := &decisions[i]
		if err := d.check(); err != nil {
			return fmt.Errorf("choice: decision %d: %w", i, err)
		}
		line = d.append(line[:0])
		if _, err := out.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	return out.Flush()
}

// check tells why a decision has no place in a file, nil if it has.
func (d *Decision) check() error {
	if len(d.Purpose) > maxName || len(d.Label) > maxName {
		return fmt.Errorf("a name is longer than %d bytes", maxName)
	}
	if d.N < 1 || d.Value < 0 || d.Value >= d.N {
		return fmt.Errorf("value %d is not one of %d choices", d.Value, d.N)
	}
	return nil
}

func (d *Decision) append(line []byte) []byte {
	line = append(appendName(line, d.Purpose), ' ')
	line = append(strconv.AppendUint(line, d.ID, 10), " @"...)
	line = append(strconv.AppendUint(line, d.Index, 10), ' ')
	line = append(appendName(line, d.Label), ' ')
	line = append(strconv.AppendInt(line, int64(d.Value), 10), '/')
	return strconv.AppendInt(line, int64(d.N), 10)
}

func appendName(line []byte, name string) []byte {
	if plain(name) {
		return append(line, name...)
	}
	return strconv.AppendQuoteToASCII(line, name)
}

// plain tells whether a name stands without quotes: letters, digits and a few
// marks, none of which begins a comment or an index.
func plain(name string) bool {
	for i := range len(name) {
		c := name[i]
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && !strings.ContainsRune("-_.:/", rune(c)) {
			return false
		}
	}
	return name != ""
}

// ReadDecisions reads what WriteDecisions wrote, edited or not: spaces around and
// between the parts, empty lines and lines that begin with # are free. Its errors
// name the line.
func ReadDecisions(r io.Reader) ([]Decision, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine+2) // and its line end
	var decisions []Decision
	decided := map[place]int{}
	number := 0
	for lines.Scan() {
		number++
		text := strings.TrimSpace(lines.Text())
		if text == "" || text[0] == '#' {
			continue
		}
		d, err := parse(text)
		if err != nil {
			return nil, fmt.Errorf("choice: line %d: %w", number, err)
		}
		at := place{stream{d.Purpose, d.ID}, d.Index}
		if first := decided[at]; first != 0 {
			return nil, fmt.Errorf("choice: line %d decides again what line %d does", number, first)
		}
		if len(decisions) == MaxDecisions {
			return nil, fmt.Errorf("choice: line %d: more than %d decisions", number, MaxDecisions)
		}
		decided[at] = number
		decisions = append(decisions, d)
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return nil, fmt.Errorf("choice: line %d is longer than %d bytes", number+1, maxLine)
	} else if err != nil {
		return nil, fmt.Errorf("choice: line %d: %w", number+1, err)
	}
	return decisions, nil
}

// place is where in a run a decision falls.
type place struct {
	stream stream
	index  uint64
}

// parse reads one trimmed line.
func parse(text string) (Decision, error) {
	var d Decision
	var parts [5]string
	for i := range parts {
		var err error
		if parts[i], text, err = part(text); err != nil {
			return d, err
		}
	}
	if text != "" {
		return d, fmt.Errorf("%q follows the decision", text)
	}
	index, marked := strings.CutPrefix(parts[2], "@")
	value, n, divided := strings.Cut(parts[4], "/")
	if !marked || !divided {
		return d, errors.New("want: purpose id @index label value/n")
	}
	var errs [6]error
	d.Purpose, errs[0] = name(parts[0])
	d.ID, errs[1] = strconv.ParseUint(parts[1], 10, 64)
	d.Index, errs[2] = strconv.ParseUint(index, 10, 64)
	d.Label, errs[3] = name(parts[3])
	d.Value, errs[4] = strconv.Atoi(value)
	d.N, errs[5] = strconv.Atoi(n)
	for _, err := range errs {
		if err != nil {
			return d, err
		}
	}
	return d, d.check()
}

// part cuts the first part off a line: a quoted name, or up to the next space.
func part(text string) (first, rest string, err error) {
	if text == "" {
		return "", "", errors.New("want: purpose id @index label value/n")
	}
	if text[0] == '"' {
		if first, err = strconv.QuotedPrefix(text); err != nil {
			return "", "", fmt.Errorf("no end of the quotes in %s", text)
		}
		rest = text[len(first):]
		if rest != "" && rest[0] != ' ' && rest[0] != '\t' {
			return "", "", fmt.Errorf("no space behind %s", first)
		}
	} else if i := strings.IndexAny(text, " \t"); i >= 0 {
		first, rest = text[:i], text[i:]
	} else {
		first = text
	}
	return first, strings.TrimLeft(rest, " \t"), nil
}

// name takes the quotes off a name.
func name(text string) (string, error) {
	if text[0] == '"' {
		return strconv.Unquote(text)
	}
	if !plain(text) {
		return "", fmt.Errorf("name %s needs quotes", text)
	}
	return text, nil
}
