/* The world: senders, faults, and the facts that hold when all is quiet. */

/* j holds a copy that counts when i dies: of the same migration. */
#define HOLDS_COPY(i, j) (i != j && alive[j] && ((lv[i] >= frozen && cm[j] >= built && cn[j] == ln[i]) || \
  (cm[i] >= built && lv[j] >= frozen && ln[j] == cn[i])))
#define COPY_ELSEWHERE(i) (HOLDS_COPY(i, 0) || HOLDS_COPY(i, 1) COPY_IN_C(i))
#if GAMES > 2
#define COPY_IN_C(i) || HOLDS_COPY(i, 2)
#else
#define COPY_IN_C(i)
#endif

inline tell_of(j) {
  k = 0;
  do
  :: k < PEERS ->
    if
    :: (k == DB || alive[k]) && k != j && !(k == GATE && doomed) && (k >= GAMES) != (j >= GAMES) -> notices[k] = notices[k] | BIT(j)
    :: else
    fi;
    k++
  :: else -> break
  od;
  skip /* A loop may not end a d_step. */
}

/* copy_left: the process that died was not the one that ran the entity, and
   another living one has its state. */
inline crash_game(i) {
  say(0, i);
  crashed++; alive[i] = 0;
  if
  :: crashed == 1 && ent[i] != e_runs && COPY_ELSEWHERE(i) -> copy_left = 1
  :: else
  fi;
  drain(down[i]); drain(other_down[i]); drain(db_down[i]);
  go_home(i); end_coming(i); not_here(i);
  unsent[i] = 0; knows[i] = 0; notices[i] = 0; tries[i] = 0;
  tell_of(i)
}

inline stop_gate() {
  alive[GATE] = 0; doomed = 0;
  drain(up[0]); drain(up[1]);
  unanswered[0] = 0; unanswered[1] = 0;
#if GAMES > 2
  drain(up[2]); unanswered[2] = 0;
#endif
  held = 0; route = NOBODY; knows[GATE] = 0; notices[GATE] = 0; loose = 0;
  close_move()
}

inline crash_other() {
  say(0, OTHER);
  crashed++; alive[OTHER] = 0;
  drain(other_up[0]); drain(other_up[1]);
#if GAMES > 2
  drain(other_up[2]);
#endif
  knows[OTHER] = 0; notices[OTHER] = 0;
  tell_of(OTHER)
}

#define SENT_X (((1 << sent_x) - 1) << 2)
#define SENT_Y (((1 << sent_y) - 1) << 4)

/* With no gate left nobody can ask anybody: the games wait for one. */
#define AT_REST(i) (!alive[i] || (!alive[GATE] && !alive[OTHER]) || (lv[i] == at_home && cm[i] == not_coming && \
  mail[i] == 0 && unsent[i] == 0 && !taking[i] && ent[i] != e_still))
#define SAVED_KEPT(i) (!alive[i] || ent[i] != e_runs || (db_hist & ~hist[i]) == 0)

/* The messages whose senders still live: each was executed or its sender told. */
#define OWED (((alive[GATE] && !disconnected) -> (1 << sent_c) - 1 : 0) | \
  ((alive[GATE] && disconnected) -> BIT(LAST_CALL) : 0) | \
  SENT_X | (alive[OTHER] -> SENT_Y : 0))

#define ROUTE_RUNS ((route == 0 && ent[0] == e_runs) || (route == 1 && ent[1] == e_runs) ROUTE_RUNS_C)
#if GAMES > 2
#define ROUTE_RUNS_C || (route == 2 && ent[2] == e_runs)
#else
#define ROUTE_RUNS_C
#endif
#define GATES_LEFT (alive[GATE] || alive[OTHER])

inline check_rest() {
  w = (AT_REST(0) && AT_REST(1) ALSO(AT_REST(2))); fact(f_nobody_stuck, w);
  w = (!alive[GATE] || (gst == idle && held == 0)); fact(f_nobody_stuck, w);
  w = (crashed > 0 || RUNNING == 1); fact(f_none_lost, w);
  w = (!copy_left || crashed > 1 || lost || RUNNING == 1); fact(f_none_lost, w);
  w = (crashed > 1 || !(alive[0] && alive[1] ALSO(alive[2])) || RUNNING == 1); fact(f_none_lost, w);
  w = (!alive[GATE] || (route == NOBODY && (RUNNING == 0 || reloaded)) || ROUTE_RUNS); fact(f_route, w);
  w = ((OWED & ~(executed | told_not | told_unknown)) == 0); fact(f_all_told, w);
  w = (crashed > 0 || bounded > 0 || (told_unknown == 0 && (told_not & ~MAIL_BITS) == 0)); fact(f_no_false_alarm, w);
  w = (SAVED_KEPT(0) && SAVED_KEPT(1) ALSO(SAVED_KEPT(2))); fact(f_saved_kept, w)
}

#define CRASHES(i) d_step { alive[i] && crashed < crashes && !over && ((crashable >> i) & 1) -> crash_game(i) }

proctype World() {
  do
  :: d_step { alive[GATE] && !disconnected && sent_c < clients -> incoming(sent_c); sent_c++ }
  :: d_step { sent_x < proxies ->
      if
      :: alive[GATE] && !proxy_told -> incoming(2 + sent_x)
      :: else -> tell_not(BIT(2 + sent_x))
      fi;
      sent_x++ }
  :: d_step { alive[OTHER] && sent_y < mails ->
      if
      :: alive[0] && !KNOWS(0, OTHER) -> mail_arrives(0, 4 + sent_y)
      :: else -> tell_not(BIT(4 + sent_y))
      fi;
      sent_y++ }
  :: d_step { disconnects && alive[GATE] && !disconnected && !over ->
      disconnected = 1; say(4, 0); incoming(LAST_CALL) }
  :: d_step { (!alive[GATE] || doomed) && !proxy_told ->
      proxy_told = 1;
      say(5, GATE);
      tell_unknown(SENT_X & ~executed) }
  :: d_step { alive[OTHER] && !alive[0] && KNOWS(OTHER, 0) && !mail_told ->
      mail_told = 1;
      tell_unknown(SENT_Y & ~executed) }
  :: CRASHES(0)
  :: CRASHES(1)
#if GAMES > 2
  :: CRASHES(2)
#endif
  :: d_step { alive[OTHER] && crashed < crashes && !over && ((crashable >> OTHER) & 1) -> crash_other() }
  :: d_step { alive[GATE] && !doomed && crashed < crashes && !over && ((crashable >> GATE) & 1) ->
      say(0, GATE);
      crashed++; stop_gate(); tell_of(GATE) }
  :: d_step { alive[GATE] && !doomed && crashed < crashes && !over && verdicts ->
      say(1, GATE);
      crashed++; doomed = 1; tell_of(GATE) }
  :: d_step { doomed -> say(2, GATE); stop_gate() }
  :: d_step { !over && QUIET && SPENT(0) && SPENT(1) ALSO(SPENT(2)) && (!mails || alive[0] || !alive[OTHER] || mail_told) -> check_rest(); over = 1 } -> break
  od
}
