package command

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"messiah/core/game"
	"messiah/core/proto"
	"messiah/core/record"
	"messiah/sim"
	"messiah/sim/flight"
)

type importCmd struct {
	File  string `arg:"" help:"A flight recording, which messiah admin record wrote."`
	Until uint64 `placeholder:"EVENT" help:"Print the trace as text, up to this event."`
	Trace string `placeholder:"FILE" help:"Write the whole trace as text."`
	Plan  string `placeholder:"FILE" help:"Write a plan that names the recording; messiah-sim replay reads it, and the recording itself."`
	JSON  bool   `help:"Print one JSON document."`
}

// Help is the example of the command.
func (importCmd) Help() string {
	return "Replays what a role of a production cluster was told, from a snapshot of its state on, and compares each message that it " +
		"sends with the recorded one. Exit status 2: something differs.\n\n" +
		"Example:\n\n  messiah admin record gate1 --out incident.rec\n  messiah-sim import incident.rec --until 200\n" +
		"  messiah-sim import incident.rec --json --plan incident.plan && messiah-sim replay incident.plan"
}

// imported is what `import --json` prints.
type imported struct {
	Role             string      `json:"role"`
	Incarnation      string      `json:"incarnation"`
	Taken            time.Time   `json:"taken"`
	Build            string      `json:"build"`
	FromStart        bool        `json:"from_start"` // the recording begins with the life of the process
	Seconds          float64     `json:"seconds"`
	Turns            uint64      `json:"turns"`
	Inputs           uint64      `json:"inputs"`
	Events           uint64      `json:"events"`
	MessagesCompared uint64      `json:"messages_compared"`
	OthersCompared   uint64      `json:"others_compared"`
	StatesCompared   uint64      `json:"states_compared"`
	Equal            bool        `json:"equal"`
	FirstDifference  *difference `json:"first_difference"`
	Plan             *string     `json:"plan"`
}

// difference is where a replay is not what was recorded.
type difference struct {
	Event    uint64  `json:"event"`
	At       float64 `json:"at_seconds"` // since the start of the process
	Input    string  `json:"input"`
	Recorded string  `json:"recorded"`
	Replayed string  `json:"replayed"`
}

func (c importCmd) Run(out *output) error {
	o := flight.Options{Until: c.Until}
	if c.Trace != "" {
		f, err := os.Create(c.Trace)
		if err != nil {
			return usage("cannot write the trace: %v", err)
		}
		defer f.Close()
		w := bufio.NewWriter(f)
		defer w.Flush()
		o.Trace = w
	} else if c.Until > 0 {
		to := out.results
		if c.JSON {
			to = out.people
		}
		w := bufio.NewWriter(to)
		defer w.Flush()
		o.Trace = w
	}
	r, err := playRecording(c.File, o)
	if err != nil {
		return err
	}
	if w, ok := o.Trace.(*bufio.Writer); ok {
		if err := w.Flush(); err != nil {
			return usage("cannot write the trace: %v", err)
		}
	}
	doc := asImported(&r)
	if c.Plan != "" {
		if err := writeRecordingPlan(c.Plan, c.File, &doc); err != nil {
			return err
		}
		doc.Plan = &c.Plan
	}
	if c.JSON {
		err = printJSON(out, doc)
	} else {
		printImported(out.results, c.File, &doc)
	}
	if err != nil {
		return err
	}
	return recordingStatus(&r)
}

// recordingStatus is the exit status of a replay: to differ is nondeterminism, or another build.
func recordingStatus(r *flight.Report) error {
	if r.First != nil {
		return exitStatus{status: exitNondeterminism}
	}
	return nil
}

// playRecording reads a recording's file and replays it with the program's game.
func playRecording(file string, o flight.Options) (flight.Report, error) {
	b, err := readFile("recording", file, record.MaxFile, record.IsRecording)
	if err != nil {
		return flight.Report{}, err
	}
	rec, err := record.Read(b)
	if err != nil {
		return flight.Report{}, usage("%s: %v", file, err)
	}
	own, err := program.game()
	if err != nil {
		return flight.Report{}, err
	}
	o.Script = func() game.Script { return own.Script(sim.Observer{}) }
	o.Version = proto.Version(own.Table().Schema(), own.Table().Digest())
	r, err := flight.Play(rec, o)
	if err != nil {
		return r, usage("%s: %v", file, err)
	}
	return r, nil
}

func asImported(r *flight.Report) imported {
	doc := imported{
		Role: r.Head.Self.ID.String(), Incarnation: r.Head.Self.Inc.String(), Taken: time.Unix(0, r.Head.Taken).UTC(), Build: r.Head.Build,
		FromStart: r.Head.Lost == 0, Seconds: r.Span.Seconds(), Turns: r.Turns, Inputs: r.Inputs, Events: r.Events,
		MessagesCompared: r.Compare.Messages, OthersCompared: r.Compare.Others, StatesCompared: r.Compare.States, Equal: r.First == nil,
	}
	if d := r.First; d != nil {
		doc.FirstDifference = &difference{d.Event, time.Duration(d.At).Seconds(), d.Input, d.Recorded, d.Replayed}
	}
	return doc
}

func printImported(w io.Writer, file string, doc *imported) {
	begins := "from its start on"
	if !doc.FromStart {
		begins = "from a snapshot on"
	}
	fmt.Fprintf(w, "%s: %s %s, %s, taken %s\n", file, doc.Role, doc.Incarnation, begins, doc.Taken.Format(time.RFC3339))
	fmt.Fprintf(w, "  %.3f s in %d turns: %d inputs, %d events\n", doc.Seconds, doc.Turns, doc.Inputs, doc.Events)
	if d := doc.FirstDifference; d != nil {
		fmt.Fprintf(w, "  differs at event %d (%.9f s), after %d messages that are equal\n", d.Event, d.At, doc.MessagesCompared)
		fmt.Fprintf(w, "    handled:  %s\n    recorded: %s\n    replayed: %s\n", orNothing(d.Input), d.Recorded, d.Replayed)
		fmt.Fprintf(w, "  see what led to it: %s import %s --until %d\n", program.Name, file, max(d.Event, 1))
		return
	}
	fmt.Fprintf(w, "  equal: %d messages, %d other outputs, %d whole states\n", doc.MessagesCompared, doc.OthersCompared, doc.StatesCompared)
}

func orNothing(s string) string {
	if s == "" {
		return "(between two handlers)"
	}
	return s
}

// A plan of a recording: the recording is the run, decisions and all, so that the plan only names it.
const (
	recordingPlanHead = "messiah plan 1"
	recordingLine     = "recording "
	maxRecordingPlan  = 64 << 10
)

func writeRecordingPlan(plan, file string, doc *imported) error {
	name, err := filepath.Rel(filepath.Dir(plan), file)
	if err != nil {
		if name, err = filepath.Abs(file); err != nil {
			return usage("cannot write the plan: %v", err)
		}
	}
	text := fmt.Sprintf("%s\n# what %s %s was told in production, taken %s\n%s%s\n", recordingPlanHead, doc.Role, doc.Incarnation,
		doc.Taken.Format(time.RFC3339), recordingLine, name)
	if err := os.WriteFile(plan, []byte(text), 0o644); err != nil {
		return usage("cannot write the plan: %v", err)
	}
	return nil
}

// recordingOf returns the recording that a file is, or that a plan names; none for any other file.
func recordingOf(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", nil // whoever reads it as a plan says so
	}
	defer f.Close()
	head := make([]byte, maxRecordingPlan)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return "", usage("cannot read %s: %v", file, err)
	}
	if record.IsRecording(head[:n]) {
		return file, nil
	}
	recording, others := "", 0
	for line := range strings.Lines(string(head[:n])) {
		line = strings.TrimSpace(line)
		switch name, is := strings.CutPrefix(line, recordingLine); {
		case line == "" || line[0] == '#' || line == recordingPlanHead:
		case is && recording == "":
			recording = strings.TrimSpace(name)
		default:
			others++
		}
	}
	switch {
	case recording == "":
		return "", nil
	case others > 0:
		return "", usage("%s: a plan that names a recording has no other line: the recording is the whole run", file)
	case !filepath.IsAbs(recording):
		recording = filepath.Join(filepath.Dir(file), recording)
	}
	return recording, nil
}

// replayRecording is `replay` of a recording, or of a plan that names one.
func (c replayCmd) replayRecording(out *output, file string, err error) error {
	switch {
	case err != nil:
		return err
	case c.Seed != nil || len(c.Set) > 0:
		return usage("%s is a recording: it has no seed and no options to set", file)
	}
	w := bufio.NewWriter(out.results)
	r, err := playRecording(file, flight.Options{Trace: w, Until: c.Until})
	if err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return usage("cannot print the trace: %v", err)
	}
	doc := asImported(&r)
	printImported(out.people, file, &doc)
	return recordingStatus(&r)
}
