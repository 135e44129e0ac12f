package store

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"messiah/core/proto"
)

// Bounds of a Postgres store.
const (
	maxBatch  = 1 << 10         // requests in one transaction
	within    = 5 * time.Second // for one transaction; the db has given it up by then
	dialWait  = 2 * time.Second
	firstRest = 50 * time.Millisecond // after a failed connection nothing is tried for so long,
	longRest  = 2 * time.Second       // twice as long after each further one, and at most so long
	maxConns  = 2
)

// Postgres is a store in a PostgreSQL database. All requests that wait go to the
// server as one pipeline, which is one transaction and one round trip, and are
// answered when it has been committed. When the connection is lost the outcome of
// what was under way is not known and answered Failed; so is at once what comes
// while the server is away.
type Postgres struct {
	pool *pgxpool.Pool
	queue
	ctx    context.Context // ends with Close
	cancel context.CancelFunc

	rest  time.Duration // the worker's: how long it leaves an unreachable server alone
	again time.Time     // and until when
}

// IsPostgres tells whether the place of a store is the address of a PostgreSQL database.
func IsPostgres(place string) bool {
	return strings.HasPrefix(place, "postgres://") || strings.HasPrefix(place, "postgresql://")
}

// Place returns how people are told where a store is: a path as it is, an address
// without its secrets.
func Place(place string) string {
	if !IsPostgres(place) {
		return place
	}
	u, err := url.Parse(place)
	if err != nil {
		return "postgres://"
	}
	return "postgres://" + u.Host + u.Path
}

// CheckPlace says what is wrong with the address of a PostgreSQL database,
// without repeating it: it has a password.
func CheckPlace(place string) error {
	_, err := pgxpool.ParseConfig(place)
	if err == nil {
		return nil
	}
	var bad *url.Error
	if errors.As(err, &bad) {
		return fmt.Errorf("is no address: %w", bad.Err)
	}
	var in *pgconn.ParseConfigError
	if inner := errors.Unwrap(err); errors.As(err, &in) && inner != nil && !strings.Contains(inner.Error(), "@") {
		return fmt.Errorf("is no address of a PostgreSQL database: %w", inner)
	}
	return errors.New("is no address of a PostgreSQL database, like postgres://user:password@host:5432/name")
}

// OpenPostgres connects to the database of an address like
// postgres://user:password@host:5432/name and brings its tables up to date.
func OpenPostgres(ctx context.Context, address string) (*Postgres, error) {
	if err := CheckPlace(address); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	cfg, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, errors.New("store: the address cannot be read")
	}
	cfg.MaxConns, cfg.ConnConfig.ConnectTimeout = maxConns, dialWait
	if _, said := cfg.ConnConfig.RuntimeParams["synchronous_commit"]; !said {
		cfg.ConnConfig.RuntimeParams["synchronous_commit"] = "on" // whatever the server's default: acknowledged is durable
	}
	cfg.ConnConfig.RuntimeParams["application_name"] = "messiah"
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("store: %s: %w", Place(address), err)
	}
	if err := migrate(ctx, pool); err != nil {
		pool.Close()
		return nil, fmt.Errorf("store: %s: %w", Place(address), err)
	}
	p := &Postgres{pool: pool}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.wake.L = &p.mu
	return p, nil
}

// Start says where answers go, and begins to work.
func (p *Postgres) Start(answer func(frame []byte)) { p.start(answer, maxBatch, p.carryOut) }

// Take queues one request. A frame that is none is not answered.
func (p *Postgres) Take(frame []byte) { p.take(frame) }

// Close carries out what is queued, and closes the connections.
func (p *Postgres) Close() error {
	p.close()
	p.cancel()
	p.pool.Close()
	return nil
}

// carryOut does a batch in one transaction. A later request reads what an earlier
// one of the same batch has written.
func (p *Postgres) carryOut(batch []request) {
	var asked []*request
	for i := range batch {
		if r := &batch[i]; r.unfit {
			r.fail()
		} else {
			asked = append(asked, r)
		}
	}
	if len(asked) == 0 {
		return
	}
	if err := p.reach(asked); err != nil {
		for _, r := range asked {
			r.fail()
		}
	}
}

// reach sends requests to the server unless it is left alone after failures. What
// never left is sent once more: the pool may hold connections to a server that is gone.
func (p *Postgres) reach(asked []*request) error {
	if time.Now().Before(p.again) {
		return errors.New("the server is away")
	}
	err := p.transact(asked)
	if err != nil && pgconn.SafeToRetry(err) {
		p.pool.Reset()
		err = p.transact(asked)
	}
	var refused *pgconn.PgError
	if err == nil || errors.As(err, &refused) && !isAway(refused) {
		p.rest = 0
		return err
	}
	p.pool.Reset()
	p.rest = min(max(firstRest, 2*p.rest), longRest)
	p.again = time.Now().Add(p.rest)
	return err
}

// isAway tells whether the server's word is that it is going or not there yet (class 57).
func isAway(err *pgconn.PgError) bool { return strings.HasPrefix(err.Code, "57P") }

// transact sends the requests as one pipeline. Their answers stand only when it
// returns nil: the server commits at its end.
func (p *Postgres) transact(asked []*request) error {
	ctx, cancel := context.WithTimeout(p.ctx, within)
	defer cancel()
	pipeline := &pgx.Batch{}
	for _, r := range asked {
		r.ask(pipeline)
	}
	results := p.pool.SendBatch(ctx, pipeline)
	answers := make([]request, len(asked))
	var err error
	for i := 0; i < len(asked) && err == nil; i++ {
		answers[i] = *asked[i]
		err = answers[i].hear(results)
	}
	if closed := results.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	for i := range asked {
		*asked[i] = answers[i]
	}
	return nil
}

// Statements; what a request asks is prepared once a connection.
const (
	sqlGet = `SELECT f.floor, r.revision, r.class, r.value, r.fields, r.finds
		FROM messiah_floor f LEFT JOIN messiah_records r ON r.key = $1`
	sqlPut    = `SELECT done, stands FROM messiah_put($1, $2, $3, $4, $5, $6, $7)`
	sqlDelete = `SELECT done, stands FROM messiah_delete($1, $2)`
	sqlFind   = `SELECT i.key, r.entity FROM messiah_index i JOIN messiah_records r USING (key)
		WHERE i.class = $1 AND i.field = $2 AND i.value = $3 ORDER BY i.key LIMIT $4`
)

// ask adds the request to a pipeline.
func (r *request) ask(pipeline *pgx.Batch) {
	switch r.kind {
	case proto.TypeStoreGet:
		pipeline.Queue(sqlGet, []byte(r.key))
	case proto.TypeStoreDelete:
		pipeline.Queue(sqlDelete, []byte(r.key), int64(r.row.Revision))
	case proto.TypeStoreFind:
		e := entryAsked(&r.find)
		limit := proto.FindLimit(r.find.Limit) + 1
		pipeline.Queue(sqlFind, []byte(r.find.Class), []byte(e.Field), []byte(e.Value), limit)
	default:
		fields, values := columns(r.row.Index)
		pipeline.Queue(sqlPut, []byte(r.key), int64(r.row.Revision), []byte(r.row.Class), entityBytes(r.row.Entity),
			fields, values, append([]byte{}, r.row.Value...))
	}
}

// columns turns entries into an array of fields and one of values.
func columns(entries []proto.IndexEntry) (fields, values [][]byte) {
	fields, values = make([][]byte, 0, len(entries)), make([][]byte, 0, len(entries))
	for _, e := range entries {
		fields, values = append(fields, []byte(e.Field)), append(values, []byte(e.Value))
	}
	return fields, values
}

// hear reads the answer to the request out of a pipeline.
func (r *request) hear(results pgx.BatchResults) error {
	switch r.kind {
	case proto.TypeStoreGet:
		return r.hearGot(results)
	case proto.TypeStoreFind:
		return r.hearFound(results)
	}
	var done bool
	var stands int64
	if err := results.QueryRow().Scan(&done, &stands); err != nil {
		return err
	}
	r.row = row{Revision: uint64(stands)}
	r.conflict = !done
	return nil
}

func (r *request) hearGot(results pgx.BatchResults) error {
	var floor int64
	var revision *int64
	var class []byte
	var fields, values [][]byte
	if err := results.QueryRow().Scan(&floor, &revision, &class, &r.row.Value, &fields, &values); err != nil {
		return err
	}
	if revision == nil {
		r.row, r.floor = row{}, uint64(floor)
		return nil
	}
	r.row.Revision, r.row.Class = uint64(*revision), string(class)
	r.row.Index = entries(fields, values)
	return nil
}

func entries(fields, values [][]byte) (all []proto.IndexEntry) {
	for i := range fields {
		all = append(all, proto.IndexEntry{Field: string(fields[i]), Value: string(values[i])})
	}
	return all
}

func (r *request) hearFound(results pgx.BatchResults) error {
	rows, err := results.Query()
	if err != nil {
		return err
	}
	defer rows.Close()
	limit := proto.FindLimit(r.find.Limit)
	r.found, r.more = nil, false
	for rows.Next() {
		var key, entity []byte
		if err := rows.Scan(&key, &entity); err != nil {
			return err
		}
		if r.more = len(r.found) == limit; !r.more {
			r.found = append(r.found, proto.FoundRecord{Key: string(key), Entity: entityOf(entity)})
		}
	}
	return rows.Err()
}
