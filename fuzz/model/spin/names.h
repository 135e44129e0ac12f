/* The words of the model: each has a number for Promela and a name for the
   table of steps and for traces. Both come from the same lists here. */

/* States of a game's record of the entity. A game may be the source of one
   migration and the target of the next, so source and target share the list. */
#define none       0
#define live       1
#define asked      2
#define hold_asked 3
#define frozen     4
#define abort_wait 5
#define ledger     6
#define prep       7
#define built      8
#define claiming   9  /* Waits for the store's word before it runs. */
#define arrived    10 /* Runs; what it makes for elsewhere waits for the echo. */
#define landed     11 /* Runs; may not migrate before the losing copy is gone. */

#define STATE_NAMES \
  [none] = "none", [live] = "live", [asked] = "asked", [hold_asked] = "hold-asked", \
  [frozen] = "frozen", [abort_wait] = "abort-wait", [ledger] = "ledger", \
  [prep] = "prep", [built] = "built", [claiming] = "claiming", [arrived] = "arrived", \
  [landed] = "landed"

/* States of the gate's record of a migration. */
#define idle 0
#define pre  1
#define hold 2
#define sent 3
#define comm 4
#define back 5 /* An abort was granted from sent: the source has not said that it runs. */
#define settling 6 /* Decided: the losing copy is not known to be gone. */

#define GATE_NAMES \
  [idle] = "idle", [pre] = "pre", [hold] = "hold", [sent] = "sent", [comm] = "comm", [back] = "back", [settling] = "settling"

/* Messages, and what else a role can be given. */
#define m_pre_req    1
#define m_pre_ok     2
#define m_pre_no     3
#define m_hold       4
#define m_hold_mark  5
#define m_state      6
#define m_ready      7
#define m_not_ready  8
#define m_flush      9
#define m_flush_ack  10
#define m_forward    11
#define m_commit     12
#define m_live       13
#define m_live_ended 14 /* live: the source died in sent. */
#define m_live_claim 15 /* live: the source died after an abort; ask the store first. */
#define m_live_ack   16
#define m_abort_req  17
#define m_aborted    18
#define m_cancel     19
#define m_thawed     20
#define m_undo       21
#define m_what_of    22
#define m_ended_req  23 /* To another gate: have you handled the source's end? */
#define m_ended      24
#define m_call       25 /* From the client or a proxy, through the gate. */
#define m_done       26
#define m_not_here   27
#define m_mail       28 /* From a mailbox sender, through another gate. */
#define m_stale      29
#define m_push       30 /* A send of the entity through another gate. */
#define m_claim      31
#define m_claimed    32 /* The claim was granted; the store's copy is not newer. */
#define m_newer      33 /* The claim was granted; the store's copy is newer. */
#define m_refused    34 /* The claim is too old. */
#define m_save       35
#define m_end        36 /* The end of a process, by the manager's notice. */
#define m_migrate    37 /* Asked for by the game's own code. */
#define m_abort      38
#define m_bound      39 /* The time bound of what is held. */
#define m_not_run    40 /* A sender is told that its message was not executed. */
#define m_unknown    41 /* A sender is told that the outcome is unknown. */
#define m_gone       42 /* The loser has no copy any more. */

#define MESSAGE_NAMES \
  [m_pre_req] = "pre-req", [m_pre_ok] = "pre-ok", [m_pre_no] = "pre-no", [m_hold] = "hold", \
  [m_hold_mark] = "hold-mark", [m_state] = "state", [m_ready] = "ready", [m_not_ready] = "not-ready", \
  [m_flush] = "flush", [m_flush_ack] = "flush-ack", [m_forward] = "forward", [m_commit] = "commit", \
  [m_live] = "live", [m_live_ended] = "live-ended", [m_live_claim] = "live-claim", \
  [m_live_ack] = "live-ack", [m_abort_req] = "abort-req", [m_aborted] = "aborted", \
  [m_cancel] = "cancel", [m_thawed] = "thawed", [m_undo] = "undo", [m_what_of] = "what-of", \
  [m_ended_req] = "ended-req", [m_ended] = "ended", [m_call] = "call", [m_done] = "done", \
  [m_not_here] = "not-here", [m_mail] = "mail", [m_stale] = "stale", [m_push] = "push", \
  [m_claim] = "claim", [m_claimed] = "claimed", [m_newer] = "newer", [m_refused] = "refused", \
  [m_save] = "save", [m_end] = "end", [m_migrate] = "migrate", [m_abort] = "abort", \
  [m_bound] = "bound", [m_not_run] = "not-run", [m_unknown] = "unknown", [m_gone] = "gone"

/* Who a message comes from or goes to, seen from the role that steps. */
#define w_gate   0
#define w_peer   1 /* The other game of the migration, by another gate. */
#define w_other  2 /* Another gate, of the entity's own sends and of mailboxes. */
#define w_store  3
#define w_source 4
#define w_target 5
#define w_game   6 /* At the gate: the game that the route names. */
#define w_sender 7
#define w_self   8

#define WHO_NAMES \
  [w_gate] = "gate", [w_peer] = "peer", [w_other] = "other", [w_store] = "store", \
  [w_source] = "source", [w_target] = "target", [w_game] = "game", [w_sender] = "sender", \
  [w_self] = "self"

/* Roles that step. */
#define r_game  0
#define r_gate  1
#define r_world 2

/* Faults and asks of the world, for traces only. */
#define ROLE_NAMES [r_game] = "game", [r_gate] = "gate", [r_world] = "world"

/* Deliberate holes, one at a time: see holes.go for what each leaves out. */
#define HOLE(h) (hole == h)
#define SAME(a, b) ((a) == (b) || HOLE(h_number_ignored))
#define h_epoch_loses        1
#define h_reservation_stays  2
#define h_copy_dropped       3
#define h_no_space           4
#define h_no_ledger          5
#define h_no_undo            6
#define h_early_notice       7
#define h_built_for_ever     8
#define h_disconnect_clears  9
#define h_forward_failed     10
#define h_thaws_by_itself    11
#define h_no_flush           12
#define h_cancel_at_abort    13
#define h_no_echo            14
#define h_no_claim           15
#define h_version_of_acked   16
#define h_no_ended           17
#define h_duplicate_forward  18
#define h_direct_early       19
#define h_mail_after_commit  20
#define h_bound_loses        21
#define h_skips_hold         22
#define h_number_ignored     23
#define h_migrates_early     24
#define h_unsettled          25

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
#define f_state_first    15
#define f_gate_free      16

#define FACT_NAMES \
  [f_one_live] = "at most one copy runs", \
  [f_once] = "a message is executed at most once", \
  [f_told_truth] = "no message is executed whose sender was told that it was not", \
  [f_order] = "the messages of one address are executed in order", \
  [f_push_order] = "the entity's sends through one gate arrive in order", \
  [f_frozen_call] = "no call reaches a frozen entity", \
  [f_seen_kept] = "a copy that goes live has executed all that the gate saw answered", \
  [f_nothing_loose] = "an undo takes back nothing that left through another gate", \
  [f_saved_kept] = "the copy that runs has all that was saved", \
  [f_none_lost] = "an entity is not lost while a living process holds its state", \
  [f_nobody_stuck] = "nobody waits or holds for ever", \
  [f_route] = "the route leads to the copy that runs", \
  [f_all_told] = "every message is executed or its sender told", \
  [f_no_false_alarm] = "without a fault nobody is told of one", \
  [f_state_first] = "no copy goes live before it has the state", \
  [f_gate_free] = "a further migration finds the gate's record closed"
