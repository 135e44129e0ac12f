package store

import (
	"context"
	"embed"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// schema has the steps that bring a database up to date: N.sql is the step to version N.
//
//go:embed schema/*.sql
var schema embed.FS

// schemaVersion is the version of the tables that this build works with.
const schemaVersion = 1

// schemaLock is the advisory lock under which tables are changed, so that of two
// processes that start at once one waits for the other.
const schemaLock = 0x6d657373696168

// migrate applies the steps that a database lacks, each in a transaction of its own.
func migrate(ctx context.Context, pool *pgxpool.Pool) error {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1)`, int64(schemaLock)); err != nil {
		return err
	}
	err = applySteps(ctx, conn.Conn())
	// Where the lock cannot be given back the session is at its end, and the lock with it.
	if _, unlock := conn.Exec(ctx, `SELECT pg_advisory_unlock($1)`, int64(schemaLock)); err == nil {
		err = unlock
	}
	return err
}

func applySteps(ctx context.Context, conn *pgx.Conn) error {
	const table = `CREATE TABLE IF NOT EXISTS messiah_versions (version int PRIMARY KEY, applied timestamptz NOT NULL DEFAULT now())`
	if _, err := conn.Exec(ctx, table); err != nil {
		return err
	}
	var at int
	if err := conn.QueryRow(ctx, `SELECT COALESCE(max(version), 0) FROM messiah_versions`).Scan(&at); err != nil {
		return err
	}
	if at > schemaVersion {
		return fmt.Errorf("the tables have version %d, this build knows versions to %d", at, schemaVersion)
	}
	for at++; at <= schemaVersion; at++ {
		step, err := schema.ReadFile(fmt.Sprintf("schema/%d.sql", at))
		if err != nil {
			return err
		}
		err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, string(step)); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, `INSERT INTO messiah_versions (version) VALUES ($1)`, at)
			return err
		})
		if err != nil {
			return fmt.Errorf("the step to version %d: %w", at, err)
		}
	}
	return nil
}
