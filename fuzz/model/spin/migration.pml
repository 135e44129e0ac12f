/* Migration of one entity between games: the protocol, its faults, its facts.
 *
 * Games A, B and C are 0, 1 and 2; A runs the entity at first. GATE is the gate
 * of the entity's client, which holds its messages and arbitrates. OTHER is a
 * gate by which the entity sends elsewhere and by which its mail comes. Two games
 * talk past a dead GATE by some third gate. Links are ordered and lose nothing
 * between two living processes; any delay is an interleaving.
 *
 * A step of a role is one d_step: it takes one input, changes the role's own
 * record and sends. rows.h keeps each step that any run has seen.
 */
#include "names.h"

#ifndef GAMES
#define GAMES 2
#endif
#define GATE  GAMES
#define OTHER (GAMES+1)
#define DB    (GAMES+2)
#define PEERS (GAMES+3)
#define NOBODY 7

c_decl {
#include "rows.h"
  static const char *fact_names[] = { FACT_NAMES };
  static void broken(int fact) {
    if (row_tracing > 0) printf("BROKEN: %s\n", fact_names[fact]);
    else fprintf(stderr, "BROKEN: %s\n", fact_names[fact]);
  }
}

/* Settings: constant during a run, so no part of a state. */
hidden byte plant, records, unfit, clients, proxies, mails, pushes, saves, migrations, crashes, crashable;
hidden byte give_ups, bounds, disconnects, refusals, unready, verdicts, fulls, logins, early;

/* Scratch of the step under way. */
hidden byte m, n, x, y, k, v, w, gone;
hidden byte row_a, row_b, row_c, row_d, row_e, row_f;

/* Processes: who lives, who was told of whose end, and who is to be told. */
bit alive[PEERS];
byte knows[PEERS];
byte notices[PEERS];
bit doomed; /* GATE was declared dead and has not stopped. */

/* A game's record of the entity. hist is the state: which messages it executed. */
byte ent[GAMES], hist[GAMES], ver[GAMES], own[GAMES], top[GAMES];
byte lv[GAMES], ln[GAMES], lto[GAMES];  /* It leaves: phase, number, target. */
byte cm[GAMES], cn[GAMES], csrc[GAMES]; /* It comes: stage, number, source. */
byte mail[GAMES];   /* Held by the source, or handed to the target. */
byte unsent[GAMES]; /* Pushes that wait for live-heard. */
bit via[GAMES];     /* The entity has sent through OTHER. */
bit built_ok[GAMES], flushing[GAMES], owed[GAMES], alone[GAMES], taking[GAMES], saving[GAMES], behind[GAMES];
byte tries[GAMES];  /* In vain, with nothing else under way. */

/* The gate's record. */
byte route, gst, gnum, gsrc, gdst, held, unanswered[GAMES];

/* The db's record, and its notes: who has taken it, who expects it. */
byte db_own, db_holder, db_ver, db_hist, db_note, db_note_n, db_next, db_next_n;

/* Observation: what happened to each message, for the facts alone. */
byte executed, told_not, told_unknown, seen, pushed;
byte sent_c, sent_x, sent_y, made_push, made_save, begun, crashed, gave_up, bounded, filled, logged_in, tried;
bit disconnected, proxy_told, mail_told, copy_left, loose, lost, reloaded, over;
byte plan; /* Whether the target of the migration under way refuses (1) or cannot read the state (2), or it is no state that can go (3). */

chan up[GAMES]       = [9] of { byte, byte, byte, byte }; /* game to GATE */
chan down[GAMES]     = [9] of { byte, byte, byte, byte }; /* GATE to game */
chan other_up[GAMES] = [6] of { byte, byte, byte, byte }; /* game to OTHER; last: a game for which it is, or NOBODY */
chan other_down[GAMES] = [6] of { byte, byte, byte, byte }; /* last: the game that it is from, or NOBODY */
chan db_up[GAMES]    = [6] of { byte, byte, byte, byte };
chan db_down[GAMES]  = [6] of { byte, byte, byte, byte };

#define BIT(a)       (1 << (a))
#define KNOWS(a, b)  ((knows[a] >> (b)) & 1)
#define MAX(a, b)    ((a) > (b) -> (a) : (b))
#define STANDS(i)    (lv[i] * 8 + cm[i])
#define QUIETS(i)    (cm[i] == arrived)
#define LAST_CALL    6  /* The disconnect, behind the client's calls. */
#define MAIL_BITS    48
#define PROXY_BITS   12

#define RUNNING ((alive[0] && ent[0] == e_runs) + (alive[1] && ent[1] == e_runs) + RUNNING_C)
#if GAMES > 2
#define RUNNING_C (alive[2] && ent[2] == e_runs)
#else
#define RUNNING_C 0
#endif

inline begin(role, who, state, from, message, late) {
  row_a = role; row_b = who; row_c = state; row_d = from; row_e = message; row_f = late;
  c_code { row_begin(row_a, row_b, row_c, row_d, row_e, row_f); }
}
inline out(message, to) { row_a = message; row_b = to; c_code { row_send(row_a, row_b); } }
inline finish(next)     { row_a = next; c_code { row_end(row_a); } }
inline say(what, who)   { row_a = what; row_b = who; c_code { event(row_a, row_b); } }

inline fact(name, holds) {
  if
  :: (holds)
  :: else -> row_a = name; c_code { broken(row_a); }; assert(false)
  fi
}

inline tell_not(mask) {
  fact(f_told_truth, (executed & (mask)) == 0);
  told_not = told_not | (mask);
  if :: (mask) != 0 -> out(m_not_run, w_sender) :: else fi
}
inline tell_unknown(mask) {
  told_unknown = told_unknown | ((mask) & ~told_not);
  if :: (mask) != 0 -> out(m_unknown, w_sender) :: else fi
}

/* The later messages of the same address: calls and disconnect, proxy, mail. */
#define LATER(id) ((id) == 0 -> 66 : ((id) == 1 -> 64 : ((id) == 2 -> 8 : ((id) == 4 -> 32 : 0))))

/* Executes message number id (0, 1 client; 2, 3 proxy; 4, 5 mailbox; 6 disconnect). */
inline execute(i, id) {
  w = BIT(id);
  fact(f_once, (executed & w) == 0);
  fact(f_told_truth, (told_not & w) == 0);
  fact(f_order, (executed & LATER(id)) == 0);
  executed = executed | w;
  hist[i] = hist[i] | w
}
inline run_all(i, mask) {
  v = mask; k = 0;
  do
  :: k < 7 -> if :: (v >> k) & 1 -> execute(i, k) :: else fi; k++
  :: else -> break
  od
}

#if GAMES > 2
#define ALSO(expression) && (expression)
#else
#define ALSO(expression)
#endif

/* Nothing is under way. */
#define EMPTY(i) (len(up[i]) == 0 && len(down[i]) == 0 && len(other_up[i]) == 0 && len(other_down[i]) == 0 && \
  len(db_up[i]) == 0 && len(db_down[i]) == 0 && (notices[i] == 0 || !alive[i]) && !(alive[i] && LEAVES_NOW(i)))
#define LEAVES_NOW(i) (lv[i] == queued && cm[i] == not_coming && !taking[i])
#define QUIET (EMPTY(0) && EMPTY(1) ALSO(EMPTY(2)) && \
  notices[GATE] == 0 && notices[OTHER] == 0 && notices[DB] == 0 && !doomed && \
  (sent_c == clients || disconnected || !alive[GATE]) && sent_x == proxies && \
  (sent_y == mails || !alive[OTHER]) && (alive[GATE] || proxy_told))
#define SPENT(i) (!ASKS(i) || tries[i] == 2)

/* Who asks again when nothing else comes. */
#define ASKS_TARGET(i) (alive[i] && lv[i] == ledger && KNOWS(i, GATE))
#define ASKS_SOURCE(i) (alive[i] && alone[i] && (cm[i] == built || cm[i] == arrived) && !HOLE(h_asks_once))
#define ASKS(i)        (ASKS_TARGET(i) || ASKS_SOURCE(i))

#include "game.pml"
#include "gate.pml"
#include "far.pml"
#include "world.pml"

init {
  d_step {
    c_code {
      plant = setting("plant", 0);
      records = setting("records", 1);
      unfit = setting("unfit", 0);
      clients = setting("clients", 1);
      proxies = setting("proxies", 1);
      mails = setting("mails", 1);
      pushes = setting("pushes", 0);
      saves = setting("saves", 0);
      migrations = setting("migrations", 1);
      crashes = setting("crashes", 0);
      crashable = setting("crashable", 255);
      verdicts = setting("verdicts", 0);
      give_ups = setting("give_ups", 0);
      fulls = setting("fulls", 0);
      logins = setting("logins", 0);
      early = setting("early", 0);
      bounds = setting("bounds", 0);
      disconnects = setting("disconnects", 0);
      refusals = setting("refusals", 0);
      unready = setting("unready", 0);
    };
    k = 0;
    do
    :: k < PEERS -> alive[k] = 1; k++
    :: else -> break
    od;
    db_own = 1; db_note = NOBODY; db_next = NOBODY;
    ent[0] = e_runs; own[0] = 1; top[0] = 1
  };
  atomic {
    run Gate(); run Other(); run Db();
    run Game(0); run Game(1);
#if GAMES > 2
    run Game(2);
#endif
    run World()
  }
}
