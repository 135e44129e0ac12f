package stores

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"messiah/core/proto"
	"messiah/prod/store"
)

// TestDatabasesThatStartAtOnceMakeTheTablesOnce: the advisory lock lets one after the other look.
func TestDatabasesThatStartAtOnceMakeTheTablesOnce(t *testing.T) {
	address := database(t)
	const starts = 6
	ended := make(chan error, starts)
	for range starts {
		go func() {
			p, err := store.OpenPostgres(context.Background(), address)
			if err == nil {
				err = p.Close()
			}
			ended <- err
		}()
	}
	for range starts {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	if n := execute(t, address, `SELECT 1 FROM messiah_versions`); n != 1 {
		t.Errorf("the first step was applied %d times", n)
	}
}

// execute runs a statement and returns how many rows it touched.
func execute(t *testing.T, address, sql string) int64 {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		t.Fatal(err)
	}
	tag, err := conn.Exec(ctx, sql)
	if err := errors.Join(err, conn.Close(ctx)); err != nil {
		t.Fatal(err)
	}
	return tag.RowsAffected()
}

func TestTablesOfALaterBuildAreLeftAlone(t *testing.T) {
	address := database(t)
	p := opened(t, address)
	wants(t, "put", &proto.StoreDid{Revision: 1}, p.ask(&proto.StorePut{Key: "k"}))
	execute(t, address, `INSERT INTO messiah_versions (version) VALUES (99)`)
	_, err := store.OpenPostgres(context.Background(), address)
	if err == nil || !strings.Contains(err.Error(), "the tables have version 99, this build knows versions to 1") {
		t.Errorf("error is %v", err)
	}
}

// TestAPutThatTheServerRefusesFailsWithItsTransaction: nothing of it is written, and the next one is carried out.
func TestAPutThatTheServerRefusesFailsWithItsTransaction(t *testing.T) {
	address := database(t)
	p := opened(t, address)
	execute(t, address, `ALTER TABLE messiah_index ADD CHECK (value <> 'no')`)
	wants(t, "put that the index refuses", &proto.StoreDid{Failed: true}, p.ask(&proto.StorePut{Key: "k", Class: "c", Index: index("f", "no")}))
	wants(t, "record", &proto.StoreGot{}, p.ask(&proto.StoreGet{Key: "k"}))
	wants(t, "next put", &proto.StoreDid{Revision: 1}, p.ask(&proto.StorePut{Key: "k", Class: "c", Index: index("f", "yes")}))
}

// TestAcknowledgedPutsAreSynced whatever the default of the database.
func TestAcknowledgedPutsAreSynced(t *testing.T) {
	address := database(t)
	name := address[strings.LastIndex(address, "@/")+2 : strings.Index(address, "?")]
	execute(t, address, fmt.Sprintf(`ALTER DATABASE %s SET synchronous_commit = off`, name))
	p := opened(t, address)
	execute(t, address, `CREATE TABLE seen (setting text)`)
	execute(t, address, `CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
		$$ BEGIN INSERT INTO seen VALUES (current_setting('synchronous_commit')); RETURN NEW; END $$`)
	execute(t, address, `CREATE TRIGGER note BEFORE INSERT ON messiah_records FOR EACH ROW EXECUTE FUNCTION note()`)
	wants(t, "put", &proto.StoreDid{Revision: 1}, p.ask(&proto.StorePut{Key: "k"}))
	if n := execute(t, address, `SELECT FROM seen WHERE setting = 'on'`); n != 1 {
		t.Errorf("%d puts were made with synchronous commit", n)
	}
}

// TestPutsThatWaitShareTransactions counts the commits that a thousand puts take.
func TestPutsThatWaitShareTransactions(t *testing.T) {
	address := database(t)
	p := opened(t, address)
	const puts = 1000
	for i := range puts {
		p.say(&proto.StorePut{Num: uint64(i), Key: "k", Revision: uint64(i), Value: []byte{byte(i)}})
	}
	for i := range puts {
		wants(t, "put", &proto.StoreDid{Num: uint64(i), Revision: uint64(i + 1)}, p.hear())
	}
	// xmin is the transaction that wrote a row version: each update has left one with its own.
	execute(t, address, `CREATE EXTENSION IF NOT EXISTS pageinspect`)
	const commits = `SELECT DISTINCT t_xmin FROM generate_series(0, pg_relation_size('messiah_records') / 8192 - 1) AS page,
		heap_page_items(get_raw_page('messiah_records', page::int)) WHERE t_xmin IS NOT NULL`
	if n := execute(t, address, commits); n == 0 || n > puts/10 {
		t.Errorf("%d puts took %d transactions", puts, n)
	}
}
