package command

import (
	"encoding/json"
	"errors"
	"os"
	"runtime"
	"strings"
	"sync"

	"messiah/sim"
	"messiah/sim/compare"
)

// errand is what a cell's process is asked to do, as JSON on its standard input.
type errand struct {
	Runs   []oneRun        `json:"runs"`
	Passes int             `json:"passes"`           // over all the runs, in one process
	Record *compare.Window `json:"record,omitempty"` // of the last run, alone, when all the others are through
}

// oneRun is one run of the range.
type oneRun struct {
	Scenario string   `json:"scenario"`
	Seed     uint64   `json:"seed"`
	Set      []string `json:"set,omitempty"`
}

func (r oneRun) String() string {
	return strings.Join(append([]string{r.Scenario}, r.Set...), " ")
}

// told is what a cell's process answers, as JSON on its standard output.
type told struct {
	Runs     []toldRun          `json:"runs"` // as those of the errand
	Recorded *compare.Recording `json:"recorded,omitempty"`
}

// toldRun is what one run showed, of several passes the first that differed from the first pass.
type toldRun struct {
	Hash    uint64      `json:"hash"`
	Verdict sim.Verdict `json:"verdict"`
	Message string      `json:"message,omitempty"`
}

// errandCmd is how `verify` speaks to the binaries of its cells.
type errandCmd struct{}

func (errandCmd) Run(out *output) error {
	var e errand
	if err := json.NewDecoder(os.Stdin).Decode(&e); err != nil {
		return usage("verify-errand reads an errand of `messiah-sim verify`: %v", err)
	}
	answer, err := e.carryOut()
	if err != nil {
		return err
	}
	return json.NewEncoder(out.results).Encode(answer)
}

// carryOut does the runs, as many at once as Go may use processors, so that
// worlds share a process as they do in a sweep.
func (e *errand) carryOut() (told, error) {
	runs := e.Runs
	if e.Record != nil {
		runs = runs[:len(runs)-1]
	}
	answer := told{Runs: make([]toldRun, len(runs))}
	for pass := range e.Passes {
		if err := passOver(runs, answer.Runs, pass); err != nil {
			return answer, err
		}
	}
	if e.Record == nil {
		return answer, nil
	}
	recorder := &sim.Recorder{From: e.Record.From, Until: e.Record.Until}
	res, err := e.Runs[len(runs)].run(recorder)
	answer.Recorded = &compare.Recording{Hash: res.Hash, Checkpoints: res.Checkpoints, Moments: recorder.Moments}
	return answer, err
}

// passOver does each run once. A run that differs from the first pass is what counts.
func passOver(runs []oneRun, into []toldRun, pass int) error {
	var workers sync.WaitGroup
	next := make(chan int)
	failed := make([]error, len(runs))
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := range next {
				res, err := runs[i].run(nil)
				failed[i] = err
				if pass == 0 || res.Hash != into[i].Hash {
					into[i] = toldRun{res.Hash, res.Verdict, res.Message}
				}
			}
		})
	}
	for i := range runs {
		next <- i
	}
	close(next)
	workers.Wait()
	return errors.Join(failed...)
}

func (r oneRun) run(recorder *sim.Recorder) (sim.Result, error) {
	sc, err := scenarioNamed(r.Scenario)
	if err != nil {
		return sim.Result{}, err
	}
	return execute(sc, sim.RunConfig{Seed: r.Seed, Set: r.Set, Record: recorder})
}
