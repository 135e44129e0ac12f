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
#define PEERS (GAMES+2)
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
hidden byte hole, clients, proxies, mails, pushes, saves, migrations, crashes, crashable;
hidden byte aborts, bounds, disconnects, refusals, unready, verdicts;

/* Scratch of the step under way. */
hidden byte m, n, x, y, k, v, w;
hidden byte row_a, row_b, row_c, row_d, row_e, row_f;

/* Processes: who lives, who was told of whose end, and who is to be told. */
bit alive[PEERS];
byte knows[PEERS];
byte notices[PEERS];
bit doomed; /* GATE was declared dead and has not stopped. */

/* A game's record of the entity. hist is the state: which messages it executed. */
byte ent[GAMES], num[GAMES], peer[GAMES], own[GAMES], hist[GAMES], version[GAMES];
byte mail[GAMES];       /* Held by the source, or forwarded to the target. */
byte calls[GAMES];      /* Held while claiming. */
byte unsent[GAMES];     /* Pushes that wait for the echo or for the source's end. */
bit used[GAMES];        /* The entity has sent through OTHER. */
bit ready[GAMES], flushing[GAMES], ending[GAMES], unsaved[GAMES];

/* The gate's record. */
byte route, gst, gnum, gsrc, gdst, held, unanswered[GAMES];
bit srcdead;

/* OTHER: who waits for the end of which source. */
byte asker[GAMES];

/* The store's record. */
byte stored_own, stored_version, stored_hist;

/* Observation: what happened to each message, for the facts alone. */
byte executed, told_not, told_unknown, seen, pushed;
byte sent_c, sent_x, sent_y, made_push, made_save, begun, crashed, aborted_by_ask, bounded;
bit disconnected, proxy_told, mail_told, copy_left, loose, epoch_lost, over;
byte plan; /* Whether the target of the migration under way refuses (1) or is not ready (2). */

chan up[GAMES]       = [9] of { byte, byte, byte, byte }; /* game to GATE */
chan down[GAMES]     = [9] of { byte, byte, byte, byte }; /* GATE to game */
chan direct[GAMES*GAMES] = [6] of { byte, byte, byte, byte }; /* to a game, by a third gate */
chan other_up[GAMES] = [5] of { byte, byte };             /* game to OTHER */
chan other_down[GAMES] = [3] of { byte, byte };
chan store_up[GAMES]   = [4] of { byte, byte, byte, byte };
chan store_down[GAMES] = [2] of { byte, byte, byte, byte };

#define BIT(a)       (1 << (a))
#define KNOWS(a, b)  ((knows[a] >> (b)) & 1)
#define RUNS(s)      ((s) == live || (s) == asked || (s) == hold_asked || (s) == arrived || (s) == landed)
#define LAST_CALL    6  /* The disconnect, behind the client's calls. */
#define MAIL_BITS    48
#define PROXY_BITS   12
#define CLAIM_OF(a)  (2*(a))

#define RUNNING ((alive[0] && RUNS(ent[0])) + (alive[1] && RUNS(ent[1])) + RUNNING_C)
#if GAMES > 2
#define RUNNING_C (alive[2] && RUNS(ent[2]))
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

#include "game.pml"
#include "gate.pml"
#include "far.pml"
#include "world.pml"

init {
  d_step {
    c_code {
      hole = setting("hole", 0);
      clients = setting("clients", 1);
      proxies = setting("proxies", 1);
      mails = setting("mails", 1);
      pushes = setting("pushes", 0);
      saves = setting("saves", 0);
      migrations = setting("migrations", 1);
      crashes = setting("crashes", 0);
      crashable = setting("crashable", 255);
      verdicts = setting("verdicts", 0);
      aborts = setting("aborts", 0);
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
    k = 0;
    do
    :: k < GAMES -> asker[k] = NOBODY; k++
    :: else -> break
    od;
    ent[0] = live
  };
  atomic {
    run Gate(); run Other(); run Store();
    run Game(0); run Game(1);
#if GAMES > 2
    run Game(2);
#endif
    run World()
  }
}
