/* A game: source and target of migrations (core/game/leave.go, arrive.go). Every
   handler is a function of the record and the one input. */

inline to_gate(i, message, a, b, c) {
  out(message, w_gate);
  if :: alive[GATE] && !KNOWS(i, GATE) -> up[i]!message, a, b, c :: else fi
}
/* By the other gate, past the dead arbiter: Relayed. */
inline to_peer(i, j, message, a, b) {
  out(message, w_peer);
  if :: alive[OTHER] && !KNOWS(i, OTHER) -> other_up[i]!message, a, b, j :: else fi
}
inline to_other(i, message, a) {
  out(message, w_other);
  if :: alive[OTHER] && !KNOWS(i, OTHER) -> other_up[i]!message, a, 0, NOBODY :: else fi
}
inline to_db(i, message, a, b, c) { out(message, w_db); db_up[i]!message, a, b, c }

inline go_home(i) { lv[i] = at_home; ln[i] = 0; lto[i] = 0; built_ok[i] = 0; flushing[i] = 0 }
inline not_here(i) {
  ent[i] = e_none; hist[i] = 0; ver[i] = 0; own[i] = 0; top[i] = 0; via[i] = 0; mail[i] = 0;
  behind[i] = 0; saving[i] = 0; taking[i] = 0
}
inline end_coming(i) { cm[i] = not_coming; cn[i] = 0; csrc[i] = 0; owed[i] = 0; alone[i] = 0 }
inline drop_coming(i) { to_db(i, m_unexpect, cn[i], 0, 0); end_coming(i); not_here(i) }

inline push_now(i, number) {
  via[i] = 1;
  if
  :: gst == comm && gdst == i && alive[GATE] && !doomed -> loose = 1 /* An undo may still come. */
  :: else
  fi;
  to_other(i, m_push, number)
}
inline save_now(i) { saving[i] = 1; behind[i] = 0; to_db(i, m_save, own[i], ver[i], hist[i]) }
inline save_behind(i) {
  if :: behind[i] && !QUIETS(i) && !taking[i] && !saving[i] && ent[i] == e_runs -> save_now(i) :: else fi
}
inline speak(i) {
  if :: unsent[i] & 1 -> push_now(i, 0) :: else fi;
  if :: unsent[i] & 2 -> push_now(i, 1) :: else fi;
  unsent[i] = 0
}
/* Without a record nobody hears the db's answer. */
inline take(i, number, by_itself) { own[i] = number; taking[i] = records; to_db(i, m_take, number, ver[i], by_itself) }

/* leaveTimer in queued: beginLeaving. */
inline begin_leaving(i) {
  if
  :: lv[i] != queued || cm[i] != not_coming || taking[i] -> skip
  :: else ->
    if
    :: KNOWS(i, GATE) -> go_home(i)
    :: else ->
      top[i]++; ln[i] = top[i]; lv[i] = asked;
      to_gate(i, m_pre_req, ln[i], lto[i], 0)
    fi
  fi
}

/* The source's copy runs again, its own held mail first. */
inline go_on(i, lost) {
  if
  :: lost -> tell_unknown(mail[i])
  :: else -> run_all(i, mail[i])
  fi;
  mail[i] = 0;
  save_behind(i)
}
inline thaw(i, tell) {
  if :: tell -> to_gate(i, m_thawed, ln[i], 0, 0) :: else fi;
  go_home(i);
  if :: ent[i] == e_still -> ent[i] = e_runs; go_on(i, 0) :: else fi
}

inline try_commit(i) {
  if
  :: lv[i] == frozen && built_ok[i] && (!flushing[i] || HOLE(h_no_flush)) ->
    if :: mail[i] & 16 -> to_gate(i, m_held_mail, ln[i], 4, 0) :: else fi;
    if :: mail[i] & 32 -> to_gate(i, m_held_mail, ln[i], 5, 0) :: else fi;
    to_gate(i, m_commit, ln[i], 0, 0);
    if
    :: HOLE(h_no_ledger) -> go_home(i); not_here(i)
    :: else -> lv[i] = ledger
    fi
  :: else
  fi
}

inline send_state(i) {
  lv[i] = frozen;
  y = ((ver[i] + saving[i]) << 2) | (via[i] << 1) | (behind[i] | saving[i]);
  to_gate(i, m_state, ln[i], hist[i], y);
  if
  :: via[i] && !KNOWS(i, OTHER) -> flushing[i] = 1; to_other(i, m_flush, ln[i])
  :: else
  fi
}
/* Its state may be none that can go: then it does not leave. */
inline freeze(i) {
  ent[i] = e_still;
  if
  :: plan == 3 -> lv[i] = abort_wait; to_gate(i, m_abort, ln[i], 0, 0)
  :: else -> send_state(i)
  fi
}

/* The source's record is settled: it lives where it went. */
inline departed(i) { go_home(i); not_here(i) }

inline reclaimed(i, number) { top[i] = number; go_home(i); ent[i] = e_runs; go_on(i, 1) }

/* Arbiter and target are dead, or the arbiter says undo. */
inline target_gone(i) {
  top[i]++;
  take(i, top[i], 1);
  if
  :: HOLE(h_no_claim) || !records -> reclaimed(i, top[i])
  :: else -> lv[i] = claiming
  fi
}

inline ask_coming(i) {
  to_other(i, m_ask_gone, csrc[i]);
  if
  :: cm[i] == arrived -> to_peer(i, csrc[i], m_live_ack, cn[i], 0)
  :: else -> to_peer(i, csrc[i], m_what_of, cn[i], 0)
  fi
}
inline ask_target(i) {
  to_other(i, m_ask_gone, lto[i]);
  to_peer(i, lto[i], m_commit, ln[i], 0)
}

/* The entity lives here. That it does goes first. */
inline arrive(i) {
  cm[i] = arrived; ent[i] = e_runs; top[i] = cn[i];
  if
  :: alone[i] -> ask_coming(i)
  :: else ->
    fact(f_seen_kept, KNOWS(i, GATE) || (seen & ~hist[i]) == 0);
    to_gate(i, m_live_ack, cn[i], 0, 0)
  fi;
  if :: own[i] == 0 -> take(i, cn[i], 0) :: else fi;
  run_all(i, mail[i]);
  mail[i] = 0
}
inline confirm(i) {
  end_coming(i);
  speak(i);
  save_behind(i);
  begin_leaving(i)
}

inline try_adopt(i) {
  if
  :: cm[i] == adopting && !owed[i] && !taking[i] ->
    if
    :: !alone[i] -> to_gate(i, m_adopted, cn[i], 0, 0)
    :: else -> arrive(i); confirm(i)
    fi
  :: else
  fi
}
inline adopt(i) {
  cm[i] = adopting; owed[i] = 0;
  if
  :: (alone[i] || via[i]) && !KNOWS(i, OTHER) && !HOLE(h_no_word_of_gone) -> owed[i] = 1; to_other(i, m_ask_gone, csrc[i])
  :: else
  fi;
  take(i, cn[i], alone[i] && !HOLE(h_adopt_unfenced));
  try_adopt(i)
}
inline pre_asked(i) {
  if
  :: lv[i] != at_home || cm[i] != not_coming || ent[i] != e_none || plan == 1 -> to_gate(i, m_pre_no, n, 0, 0)
  :: else ->
    cn[i] = n; csrc[i] = x;
    if
    :: records -> cm[i] = expecting; to_db(i, m_expect, n, 0, 0)
    :: else -> cm[i] = prepared; to_gate(i, m_pre_ok, n, 0, 0)
    fi
  fi
}
inline take_state(i) {
  if
  :: plan == 2 -> to_gate(i, m_not_built, n, 0, 0)
  :: else ->
    cm[i] = built; ent[i] = e_still;
    hist[i] = x; ver[i] = y >> 2; via[i] = (y >> 1) & 1; behind[i] = y & 1;
    to_gate(i, m_built, n, 0, 0)
  fi
}
inline call(i) {
  if
  :: ent[i] == e_runs -> execute(i, x); to_gate(i, m_done, 0, x, 0)
  :: else -> fact(f_frozen_call, ent[i] == e_none); to_gate(i, m_stale, 0, x, 0)
  fi
}

/* arbiterSays: to the source. */
inline source_told(i) {
  if
  :: m == m_pre_no && lv[i] == asked -> go_home(i)
  :: m == m_pre_ok && lv[i] == asked -> lv[i] = hold_asked; to_gate(i, m_hold, n, 0, 0)
  :: m == m_hold_mark && lv[i] == hold_asked -> freeze(i)
  :: m == m_built && lv[i] == frozen -> built_ok[i] = 1; try_commit(i)
  :: m == m_not_built && lv[i] == frozen -> lv[i] = abort_wait; to_gate(i, m_abort, n, 0, 0)
  :: m == m_aborted && lv[i] >= hold_asked && lv[i] <= ledger -> thaw(i, 1)
  :: m == m_live_ack && lv[i] == ledger -> departed(i)
  :: m == m_undo && lv[i] == ledger ->
    fact(f_nothing_loose, !loose);
    top[i]++; take(i, top[i], 0); reclaimed(i, top[i])
  :: else
  fi
}
/* arbiterTells: to the target. */
inline target_told(i) {
  if
  :: m == m_cancel && cm[i] < arrived -> drop_coming(i)
  :: m == m_state && cm[i] == prepared -> take_state(i)
  :: m == m_held_mail && cm[i] == built -> mail[i] = mail[i] | BIT(x)
  :: m == m_live && (cm[i] == built || cm[i] == adopting) -> arrive(i)
  :: m == m_orphan && cm[i] == built -> adopt(i)
  :: m == m_orphan && cm[i] != built -> to_gate(i, m_not_built, n, 0, 0); drop_coming(i)
  :: m == m_live_heard && cm[i] == arrived -> confirm(i)
  :: else
  fi
}
/* gameGone: nothing more comes from game j by that gate. */
inline game_gone(i, j, by_other) {
  if
  :: cm[i] != not_coming && csrc[i] == j ->
    if
    :: cm[i] == adopting -> if :: by_other -> owed[i] = 0 :: else fi; try_adopt(i)
    :: alone[i] && cm[i] == built -> adopt(i); if :: by_other -> owed[i] = 0 :: else fi; try_adopt(i)
    :: alone[i] && cm[i] == arrived -> confirm(i)
    :: else
    fi
  :: else
  fi;
  if
  :: lv[i] == ledger && lto[i] == j && KNOWS(i, GATE) -> target_gone(i)
  :: else
  fi
}
#define ABOUT(i, j) ((cm[i] != not_coming && csrc[i] == (j)) || (lv[i] != at_home && lto[i] == (j)))

inline gate_says(i) {
  w = (m != m_call && m != m_pre_req && !(m >= m_gone_a && m <= m_gone_c) && !(lv[i] > queued && n == ln[i]) && !(cm[i] != not_coming && n == cn[i]));
  v = (m >= m_gone_a && m <= m_gone_c && !ABOUT(i, m - m_gone_a));
  if :: !v && m != m_call -> begin(r_game, i, STANDS(i), w_gate, m, w) :: else fi;
  if
  :: m == m_call -> call(i)
  :: m == m_pre_req -> pre_asked(i)
  :: m >= m_gone_a && m <= m_gone_c -> gone = m - m_gone_a; game_gone(i, gone, 0)
  :: else ->
    if
    :: lv[i] > queued && SAME(n, ln[i]) -> source_told(i)
    :: else -> if :: cm[i] != not_coming && SAME(n, cn[i]) -> target_told(i) :: else fi
    fi
  fi;
  finish(STANDS(i))
}

/* whatOf, liveAcked, comingRelayed: the other game's word, past the dead gate. */
inline peer_says(i, j) {
  w = !((lv[i] > queued && n == ln[i]) || (cm[i] != not_coming && n == cn[i]));
  begin(r_game, i, STANDS(i), w_peer, m, w);
  if
  :: m == m_what_of ->
    if
    :: lv[i] > queued && ln[i] == n ->
      if
      :: KNOWS(i, GATE) && lv[i] == ledger -> to_peer(i, j, m_live, n, mail[i])
      :: else
      fi
    :: else -> to_peer(i, j, m_cancel, n, 0)
    fi
  :: m == m_live_ack ->
    if
    :: lv[i] > queued && ln[i] == n && !KNOWS(i, GATE) -> skip
    :: else ->
      if :: lv[i] == ledger && ln[i] == n -> departed(i) :: else fi;
      to_peer(i, j, m_live_heard, n, 0)
    fi
  :: m == m_commit && (cm[i] == not_coming || cn[i] > n) -> to_peer(i, j, m_live_ack, n, 0)
  :: else ->
    if
    :: cm[i] == not_coming || cn[i] != n || csrc[i] != j || !alone[i] -> skip
    :: else ->
      if
      :: m == m_cancel && cm[i] == built -> drop_coming(i)
      :: m == m_live && cm[i] == built -> mail[i] = x; arrive(i)
      :: m == m_live_heard && cm[i] == arrived -> confirm(i)
      :: else
      fi
    fi
  fi;
  finish(STANDS(i))
}

inline other_says(i) {
  v = (m >= m_gone_a && m <= m_gone_c && !ABOUT(i, m - m_gone_a));
  w = (m == m_flushed && n != ln[i]);
  if :: !v -> begin(r_game, i, STANDS(i), w_other, m, w) :: else fi;
  if
  :: m == m_flushed && n == ln[i] && lv[i] != at_home -> flushing[i] = 0; try_commit(i)
  :: m >= m_gone_a && m <= m_gone_c -> gone = m - m_gone_a; game_gone(i, gone, 1)
  :: else
  fi;
  finish(STANDS(i))
}

/* lostRecord: the record is another's, so this copy goes. */
inline lost_record(i) {
  if
  :: lv[i] == asked -> to_gate(i, m_cancel, ln[i], 0, 0); go_home(i)
  :: lv[i] == queued -> go_home(i)
  :: lv[i] == hold_asked -> to_gate(i, m_abort, ln[i], 0, 0); lv[i] = abort_wait
  :: else
  fi;
  lost = 1;
  not_here(i)
}
inline db_says(i) {
  begin(r_game, i, STANDS(i), w_db, m, 0);
  if
  :: (m == m_expected || m == m_refused) ->
    if
    :: cm[i] == expecting && n == cn[i] ->
      if
      :: m == m_expected -> cm[i] = prepared; to_gate(i, m_pre_ok, n, 0, 0)
      :: else -> to_gate(i, m_pre_no, n, 0, 0); drop_coming(i)
      fi
    :: else
    fi
  :: (m == m_taken || m == m_newer) && taking[i] && n == own[i] ->
    taking[i] = 0; ver[i] = x;
    if
    :: cm[i] == adopting ->
      if
      :: m == m_newer ->
        if :: !alone[i] -> to_gate(i, m_not_built, cn[i], 0, 0) :: else fi;
        to_db(i, m_release, own[i], 0, 0); end_coming(i); not_here(i); lost = 1
      :: else -> try_adopt(i)
      fi
    :: lv[i] == claiming ->
      if
      :: m == m_newer ->
        tell_unknown(mail[i]);
        to_db(i, m_release, own[i], 0, 0); go_home(i); not_here(i); lost = 1
      :: else -> reclaimed(i, own[i])
      fi
    :: else -> save_behind(i); begin_leaving(i)
    fi
  :: m == m_not_taken && taking[i] && n == own[i] ->
    taking[i] = 0;
    if
    :: cm[i] == adopting ->
      if :: !alone[i] -> to_gate(i, m_not_built, cn[i], 0, 0) :: else fi;
      drop_coming(i); lost = 1
    :: lv[i] == claiming -> tell_unknown(mail[i]); go_home(i); not_here(i); lost = 1
    :: else -> if :: cm[i] == arrived -> end_coming(i) :: else fi; lost_record(i)
    fi
  :: m == m_claimed && ent[i] == e_loading ->
    ent[i] = e_runs; own[i] = n; top[i] = n; ver[i] = x; hist[i] = y; reloaded = 1
  :: m == m_held && ent[i] == e_loading -> ent[i] = e_none
  :: m == m_saved && saving[i] && n == own[i] -> saving[i] = 0; ver[i] = x
  :: m == m_no_save && saving[i] && n == own[i] ->
    saving[i] = 0;
    if :: ent[i] == e_runs -> lost_record(i) :: else fi
  :: else
  fi;
  finish(STANDS(i))
}

/* arbiterLost and comingLost. */
inline gate_ended(i) {
  begin(r_game, i, STANDS(i), w_gate, m_end, 0);
  if
  :: lv[i] == asked -> go_home(i)
  :: lv[i] == hold_asked || lv[i] == frozen || lv[i] == abort_wait -> thaw(i, 0)
  :: lv[i] == ledger -> ask_target(i)
  :: else
  fi;
  if
  :: cm[i] == expecting || cm[i] == prepared -> if :: HOLE(h_reservation_stays) -> skip :: else -> drop_coming(i) fi
  :: cm[i] == built || cm[i] == arrived -> alone[i] = 1; ask_coming(i)
  :: cm[i] == adopting -> alone[i] = 1; adopt(i)
  :: else
  fi;
  finish(STANDS(i))
}
inline other_ended(i) {
  begin(r_game, i, STANDS(i), w_other, m_end, 0);
  if :: flushing[i] -> flushing[i] = 0; try_commit(i) :: else fi;
  if :: cm[i] == adopting -> owed[i] = 0; try_adopt(i) :: else fi;
  finish(STANDS(i))
}

inline ask_migration(i, j, fate) {
  begun++; plan = fate;
  begin(r_game, i, STANDS(i), w_self, m_migrate, 0);
  lv[i] = queued; lto[i] = j;
  finish(STANDS(i))
}
inline leave_timer(i) {
  begin(r_game, i, STANDS(i), w_self, m_timer, 0);
  begin_leaving(i);
  finish(STANDS(i))
}
inline ask_again(i) {
  begin(r_game, i, STANDS(i), w_self, m_timer, 0);
  if :: ASKS_TARGET(i) -> ask_target(i) :: else -> ask_coming(i) fi;
  finish(STANDS(i))
}
inline give_up(i) {
  gave_up++;
  begin(r_game, i, STANDS(i), w_self, m_give_up, 0);
  if
  :: lv[i] == queued -> go_home(i)
  :: lv[i] == asked -> to_gate(i, m_cancel, ln[i], 0, 0); go_home(i)
  :: else ->
    to_gate(i, m_abort, ln[i], 0, 0);
    lv[i] = abort_wait
  fi;
  finish(STANDS(i))
}
/* A call by mailbox. */
inline mail_arrives(i, id) {
  if
  :: ent[i] == e_runs -> execute(i, id)
  :: lv[i] == frozen || lv[i] == abort_wait ->
    if :: HOLE(h_mail_dropped) -> skip :: else -> mail[i] = mail[i] | BIT(id) fi
  :: else -> told_not = told_not | BIT(id)
  fi
}

#define CAN_MIGRATE(i, j) \
  (i != j && alive[i] && ent[i] == e_runs && lv[i] == at_home && begun < migrations && !over && \
   !KNOWS(i, GATE) && alive[j] && !(begun == 0 && j != 1))

inline hears_of(i, j) { notices[i] = notices[i] & ~BIT(j); knows[i] = knows[i] | BIT(j) }
inline drain(c) { do :: nempty(c) -> c?_,_,_,_ :: empty(c) -> break od }

#define MIGRATES(i, j, fate, allowed) d_step { CAN_MIGRATE(i, j) && allowed -> ask_migration(i, j, fate) }

proctype Game(byte i) {
end:
  do
  :: d_step { alive[i] && len(down[i]) > 0 -> down[i]?m,n,x,y; gate_says(i); fact(f_one_live, RUNNING <= 1) }
  :: d_step { alive[i] && len(other_down[i]) > 0 -> other_down[i]?m,n,x,k;
      if :: k == NOBODY -> other_says(i) :: else -> gone = k; peer_says(i, gone) fi;
      fact(f_one_live, RUNNING <= 1) }
  :: d_step { alive[i] && len(db_down[i]) > 0 -> db_down[i]?m,n,x,y; db_says(i); fact(f_one_live, RUNNING <= 1) }
  :: d_step { alive[i] && ((notices[i] >> GATE) & 1) ->
      hears_of(i, GATE); drain(down[i]); gate_ended(i); fact(f_one_live, RUNNING <= 1) }
  :: d_step { alive[i] && ((notices[i] >> OTHER) & 1) -> hears_of(i, OTHER); drain(other_down[i]); other_ended(i) }
  :: MIGRATES(i, 0, 0, true) :: MIGRATES(i, 1, 0, true)
  :: MIGRATES(i, 1, 1, refusals > 0) :: MIGRATES(i, 1, 2, unready > 0) :: MIGRATES(i, 1, 3, unfit > 0)
#if GAMES > 2
  :: MIGRATES(i, 2, 0, true)
#endif
  :: d_step { alive[i] && lv[i] == queued && cm[i] == not_coming && !taking[i] -> leave_timer(i) }
  :: d_step { ASKS(i) && !over && len(other_up[i]) == 0 && ((early > 0 && tried < early) || (QUIET && tries[i] < 2)) ->
      if :: QUIET -> tries[i]++ :: else -> tried++ fi; ask_again(i) }
  :: d_step { alive[i] && gave_up < give_ups && !over && !KNOWS(i, GATE) && lv[i] >= queued && lv[i] <= frozen ->
      give_up(i); fact(f_one_live, RUNNING <= 1) }
  :: d_step { alive[i] && ent[i] == e_runs && made_push < pushes && !over ->
      if
      :: QUIETS(i) && !HOLE(h_speaks_early) -> unsent[i] = unsent[i] | BIT(made_push)
      :: else -> push_now(i, made_push)
      fi;
      made_push++ }
  :: d_step { alive[i] && ent[i] == e_runs && made_save < saves && !over && !saving[i] ->
      if :: QUIETS(i) || taking[i] -> behind[i] = 1 :: else -> save_now(i) fi;
      made_save++ }
  :: d_step { alive[i] && ent[i] == e_none && lv[i] == at_home && cm[i] == not_coming && logged_in < logins && !over ->
      logged_in++; ent[i] = e_loading; to_db(i, m_claim, 0, 0, 0) }
  od
}
