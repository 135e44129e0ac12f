/* The table of local steps, and the settings: C that the verifier carries
   along. Nothing here is part of a state. */

static const char *leaving_names[] = { LEAVING_NAMES };
static const char *coming_names[]  = { COMING_NAMES };
static const char *db_names[]      = { DB_NAMES };
static const char *gate_names[]    = { GATE_NAMES };
static const char *message_names[] = { MESSAGE_NAMES };
static const char *who_names[]     = { WHO_NAMES };
static const char *role_names[]    = { ROLE_NAMES };

#define ROW_BYTES 32      /* A step with more outputs than fit is refused. */
#define ROW_SLOTS (1<<14) /* Slots of the hash table, a power of two. */

static unsigned char row[ROW_BYTES];
static int row_length;
static int row_open; /* What the world tells senders belongs to no row. */
static unsigned char rows[ROW_SLOTS][ROW_BYTES];
static int row_count, row_tracing = -1;

static void row_full(const char *what) {
  fprintf(stderr, "model: %s full\n", what);
  exit(9);
}

/* A game may leave the entity's record of coming behind only when it leaves again: it has two names then. */
static const char *row_state(int role, int state) {
  static char both[2][32];
  static int turn;
  if (role == r_gate) return gate_names[state];
  if (role == r_db) return db_names[state];
  if (state % 8 == 0) return leaving_names[state / 8];
  if (state / 8 == 0) return coming_names[state % 8];
  snprintf(both[turn ^= 1], sizeof both[0], "%s+%s", leaving_names[state / 8], coming_names[state % 8]);
  return both[turn];
}

/* Writes the row in hand as the line that steps.txt holds. */
static void row_write(FILE *f, const unsigned char *r) {
  fprintf(f, "%s\t%s\t%s:%s%s\t%s\t", role_names[r[0]], row_state(r[0], r[1]),
    who_names[r[3]], message_names[r[2]], r[4] ? "/late" : "", row_state(r[0], r[5]));
  if (r[6] == 0) fprintf(f, "-");
  for (int k = 0; k < r[6]; k++)
    fprintf(f, "%s%s>%s", k ? " " : "", message_names[r[7 + 2*k]], who_names[r[8 + 2*k]]);
  fprintf(f, "\n");
}

static void rows_dump(void) {
  const char *path = getenv("MODEL_ROWS");
  if (!path) return;
  FILE *f = fopen(path, "w");
  if (!f) { perror(path); exit(9); }
  for (int k = 0; k < ROW_SLOTS; k++)
    if (rows[k][ROW_BYTES - 1]) row_write(f, rows[k]);
  fclose(f);
}

static void rows_open(void) {
  if (row_tracing >= 0) return;
  row_tracing = getenv("MODEL_TRACE") != NULL;
  atexit(rows_dump);
}

static void row_begin(int role, int who, int state, int from, int message, int late) {
  memset(row, 0, sizeof row);
  row[0] = role; row[1] = state; row[2] = message; row[3] = from; row[4] = late;
  row_length = 7;
  row_open = 1;
  rows_open();
  if (!row_tracing) return;
  if (role == r_game) printf("game %c: ", 'A' + who);
  else printf("%s: ", role_names[role]);
}

/* Repeats of the same output make one: a batch of forwards is one word. */
static void row_send(int message, int to) {
  if (!row_open) return;
  if (row_length > 7 && row[row_length-2] == message && row[row_length-1] == to) return;
  if (row_length + 2 > ROW_BYTES - 1) row_full("row");
  row[row_length++] = message;
  row[row_length++] = to;
  row[6]++;
}

static void row_end(int next) {
  if (!row_open) return;
  row[5] = next;
  row_open = 0;
  if (row_tracing) { row_write(stdout, row); return; }
  unsigned h = 2166136261u;
  for (int k = 0; k < ROW_BYTES - 1; k++) h = (h ^ row[k]) * 16777619u;
  row[ROW_BYTES - 1] = 1;
  for (unsigned k = h; ; k++) {
    unsigned char *slot = rows[k & (ROW_SLOTS - 1)];
    if (!slot[ROW_BYTES - 1]) {
      if (++row_count > ROW_SLOTS / 2) row_full("table of rows");
      memcpy(slot, row, ROW_BYTES);
      return;
    }
    if (memcmp(slot, row, ROW_BYTES) == 0) return;
  }
}

static const char *event_names[] = { "crash of", "verdict against", "stop of", "sends", "disconnects", "hears of the end of" };
static void event(int what, int who) {
  rows_open();
  if (row_tracing) printf("world: %s %d\n", event_names[what], who);
}

/* setting reads NAME=NUMBER from the environment's MODEL, "a=1 b=2". */
static int setting(const char *name, int otherwise) {
  const char *all = getenv("MODEL");
  size_t length = strlen(name);
  for (const char *p = all; p && *p; ) {
    while (*p == ' ') p++;
    if (strncmp(p, name, length) == 0 && p[length] == '=') return atoi(p + length + 1);
    while (*p && *p != ' ') p++;
  }
  return otherwise;
}
