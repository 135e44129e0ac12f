/* The words of the model: each has a number for Promela and a name for the
   table of steps and for traces. Both come from the same lists here, and the names
   are those of the code: phases, stages and messages. */

/* Where the entity stands at a game that moves it away (core/game/leave.go). */
#define at_home    0
#define queued     1
#define asked      2
#define hold_asked 3
#define frozen     4
#define abort_wait 5
#define ledger     6
#define claiming   7

#define LEAVING_NAMES \
  [at_home] = "-", [queued] = "queued", [asked] = "asked", [hold_asked] = "hold-asked", [frozen] = "frozen", \
  [abort_wait] = "abort-wait", [ledger] = "ledger", [claiming] = "claiming"

/* Where it stands at a game to which it moves (core/game/arrive.go). */
#define not_coming 0
#define expecting  1
#define prepared   2
#define built      3
#define adopting   4
#define arrived    5

#define COMING_NAMES \
  [not_coming] = "-", [expecting] = "expecting", [prepared] = "prepared", [built] = "built", \
  [adopting] = "adopting", [arrived] = "arrived"

/* What a game has of the entity itself. */
#define e_none    0
#define e_runs    1
#define e_still   2 /* Its state, which does not run. */
#define e_loading 3 /* Its record was claimed. */

/* The arbiter (core/gate/migrate.go). */
#define idle   0
#define pre    1
#define hold   2
#define sent   3
#define back   4
#define orphan 5
#define comm   6

#define GATE_NAMES \
  [idle] = "-", [pre] = "pre", [hold] = "hold", [sent] = "sent", [back] = "back", [orphan] = "orphan", [comm] = "comm"

/* The db's note about the record (core/dbm/passing.go): taken, expected. */
#define DB_NAMES [0] = "-", [1] = "taken", [2] = "expected", [3] = "taken+expected"

/* Messages, and what else a role can be given. */
#define m_pre_req    1
#define m_pre_ok     2
#define m_pre_no     3
#define m_hold       4
#define m_hold_mark  5
#define m_state      6
#define m_built      7
#define m_not_built  8
#define m_flush      9
#define m_flushed    10
#define m_held_mail  11
#define m_commit     12
#define m_live       13
#define m_live_ack   14
#define m_live_heard 15
#define m_abort      16
#define m_aborted    17
#define m_cancel     18
#define m_thawed     19
#define m_undo       20
#define m_orphan     21
#define m_adopted    22
#define m_what_of    23
#define m_ask_gone   24
#define m_gone_a     25 /* game-gone of game 0, 1, 2: nothing more comes from it by that gate. */
#define m_gone_b     26
#define m_gone_c     27
#define m_expect     28
#define m_expected   29
#define m_refused    30 /* The db does not expect it. */
#define m_unexpect   31
#define m_take       32
#define m_taken      33
#define m_newer      34 /* taken, and the store has a later state. */
#define m_not_taken  35
#define m_claim      36
#define m_claimed    37
#define m_held       38
#define m_save       39
#define m_saved      40
#define m_no_save    41
#define m_release    42
#define m_call       43 /* Of the client or a proxy. */
#define m_done       44
#define m_mail       45 /* By mailbox. */
#define m_push       46 /* What the entity sends by another gate. */
#define m_stale      47 /* A mailbox that means nobody. */
#define m_not_run    48 /* A sender is told that its message was not run. */
#define m_unknown    49 /* A sender is told that the outcome is unknown. */
#define m_end        50 /* The end of a link: the peer is dead, and all it sent was handled. */
#define m_migrate    51 /* Game code asks for a migration. */
#define m_timer      52 /* The engine begins it, or asks again. */
#define m_give_up    53 /* Time, an operator, or the entity's end. */
#define m_bound      54 /* The time bound of what is held. */
#define m_full       55 /* No room on a link. */

#define MESSAGE_NAMES \
  [m_pre_req] = "pre-req", [m_pre_ok] = "pre-ok", [m_pre_no] = "pre-no", [m_hold] = "hold", \
  [m_hold_mark] = "hold-mark", [m_state] = "state", [m_built] = "built", [m_not_built] = "not-built", \
  [m_flush] = "flush", [m_flushed] = "flushed", [m_held_mail] = "held-mail", [m_commit] = "commit", \
  [m_live] = "live", [m_live_ack] = "live-ack", [m_live_heard] = "live-heard", [m_abort] = "abort", \
  [m_aborted] = "aborted", [m_cancel] = "cancel", [m_thawed] = "thawed", [m_undo] = "undo", \
  [m_orphan] = "orphan", [m_adopted] = "adopted", [m_what_of] = "what-of", [m_ask_gone] = "ask-gone", \
  [m_gone_a] = "game-gone", [m_gone_b] = "game-gone", [m_gone_c] = "game-gone", \
  [m_expect] = "expect", [m_expected] = "expected", [m_refused] = "not-expected", [m_unexpect] = "unexpect", \
  [m_take] = "take", [m_taken] = "taken", [m_newer] = "taken-newer", [m_not_taken] = "not-taken", \
  [m_claim] = "claim", [m_claimed] = "claimed", [m_held] = "held", [m_save] = "save", [m_saved] = "saved", \
  [m_no_save] = "no-save", [m_release] = "release", [m_call] = "call", [m_done] = "done", [m_mail] = "mail", \
  [m_push] = "push", [m_stale] = "stale", [m_not_run] = "not-run", [m_unknown] = "unknown", [m_end] = "end", \
  [m_migrate] = "migrate", [m_timer] = "timer", [m_give_up] = "give-up", [m_bound] = "bound", [m_full] = "full"

/* Who a message comes from or goes to, seen from the role that steps. */
#define w_gate   0 /* The arbiter. */
#define w_peer   1 /* The other game, past the dead arbiter. */
#define w_other  2 /* Another gate. */
#define w_db     3
#define w_source 4
#define w_target 5
#define w_game   6 /* A game that is no part of the gate's record. */
#define w_sender 7
#define w_self   8

#define WHO_NAMES \
  [w_gate] = "gate", [w_peer] = "peer", [w_other] = "other", [w_db] = "db", [w_source] = "source", \
  [w_target] = "target", [w_game] = "game", [w_sender] = "sender", [w_self] = "self"

/* Roles that step. */
#define r_game  0
#define r_gate  1
#define r_db    2
#define ROLE_NAMES [r_game] = "game", [r_gate] = "gate", [r_db] = "db"

/* Planted errors, one at a time (plant=N): each leaves one guard out. The Go tests want each found. */
#define HOLE(h) (plant == h)
#define SAME(a, b) ((a) == (b) || HOLE(h_late_accepted))
#define h_cancel_at_abort    1  /* The target is cancelled before the source has thawed. */
#define h_not_expected       2  /* The db does not note who expects a record. */
#define h_late_accepted      3  /* A message of another migration is taken for one of this. */
#define h_orphan_dropped     4  /* The target's copy is thrown away with its dead source. */
#define h_no_ledger          5  /* The source forgets the entity when it sends commit. */
#define h_no_undo            6  /* A target that dies before its live-ack takes the entity with it. */
#define h_speaks_early       7  /* The target sends by other gates before live-heard. */
#define h_no_flush           8  /* Commit does not wait for the other gates. */
#define h_skips_hold         9  /* A proxy's call overtakes what is held. */
#define h_no_claim           10 /* Past a dead arbiter and target the source does not ask the db. */
#define h_no_word_of_gone    11 /* An adopting target does not wait for the end of the source's sends. */
#define h_asks_once          12 /* A target whose arbiter is dead asks its source only once. */
#define h_reservation_stays  13 /* A reservation outlives its arbiter. */
#define h_bound_loses        14 /* What was held too long is dropped untold. */
#define h_mail_dropped       15 /* What came for a frozen entity by mailbox is dropped. */
#define h_take_expected      16 /* A record is given to a game that goes on by itself although a live one expects it. */
#define h_adopt_unfenced     17 /* That holds only for a source, not for a target that goes on by itself. */

/* Facts: what must hold. */
#define f_one_live       1
#define f_once           2
#define f_told_truth     3
#define f_order          4
#define f_push_order     5
#define f_frozen_call    6
#define f_seen_kept      7
#define f_nothing_loose  8
#define f_saved_kept     9
#define f_none_lost      10
#define f_nobody_stuck   11
#define f_route          12
#define f_all_told       13
#define f_no_false_alarm 14
#define f_gate_free      15

#define FACT_NAMES \
  [f_one_live] = "at most one copy runs", \
  [f_once] = "a message is executed at most once", \
  [f_told_truth] = "no message is executed whose sender was told that it was not", \
  [f_order] = "the messages of one address are executed in order", \
  [f_push_order] = "the entity's sends through one gate arrive in order", \
  [f_frozen_call] = "no call reaches an entity that does not run", \
  [f_seen_kept] = "a copy that goes live has executed all that the gate saw answered", \
  [f_nothing_loose] = "an undo takes back nothing that left through another gate", \
  [f_saved_kept] = "the copy that runs has all that was saved", \
  [f_none_lost] = "an entity is not lost while a living process holds its state", \
  [f_nobody_stuck] = "nobody waits or holds for ever", \
  [f_route] = "the route leads to the copy that runs", \
  [f_all_told] = "every message is executed or its sender told", \
  [f_no_false_alarm] = "without a fault nobody is told of one", \
  [f_gate_free] = "a further migration finds the arbiter's record closed"
