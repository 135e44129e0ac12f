/* A game: source and target of migrations. Every handler is a function of the
   record and the one input. */

inline to_gate(i, message, a, b, c) {
  out(message, w_gate);
  if :: alive[GATE] && !KNOWS(i, GATE) -> up[i]!message, a, b, c :: else fi
}
/* By a third gate, past the dead one. */
inline to_peer(i, j, message, a, b) {
  out(message, w_peer);
  if :: alive[j] -> direct[(i)*GAMES + (j)]!message, a, b, 0 :: else fi
}
inline to_other(i, message, a) {
  out(message, w_other);
  if :: alive[OTHER] && !KNOWS(i, OTHER) -> other_up[i]!message, a :: else fi
}
inline to_store(i, message, a, b, c) { out(message, w_store); store_up[i]!message, a, b, c }

inline settle(i, state) { ent[i] = state; num[i] = 0; peer[i] = 0 }

inline push_now(i, number) {
  used[i] = 1;
  if
  :: gst == comm && gdst == i && alive[GATE] -> loose = 1 /* An undo may still come. */
  :: else
  fi;
  to_other(i, m_push, number)
}
inline save_now(i) {
  version[i]++;
  to_store(i, m_save, own[i], version[i], hist[i])
}
/* What waited goes out once the echo is here and the source's end was handled. */
inline release_outputs(i) {
  if
  :: ent[i] != arrived && unsaved[i] -> unsaved[i] = 0; save_now(i)
  :: else
  fi;
  if
  :: ent[i] != arrived && !ending[i] ->
    if :: unsent[i] & 1 -> push_now(i, 0) :: else fi;
    if :: unsent[i] & 2 -> push_now(i, 1) :: else fi;
    unsent[i] = 0
  :: else
  fi
}

/* The other game died: before the next push, OTHER handles all that it sent. */
inline await_end(i) {
  if
  :: !KNOWS(i, OTHER) && !HOLE(h_no_ended) -> ending[i] = 1; to_other(i, m_ended_req, peer[i])
  :: else
  fi
}

/* The source's copy runs again, its own held mail first. */
inline thaw(i, state) {
  if :: state == live -> settle(i, live) :: else -> ent[i] = state fi;
  ready[i] = 0; flushing[i] = 0;
  run_all(i, mail[i]);
  mail[i] = 0
}

/* The target's copy runs: forwarded mail, the acknowledgement, then the rest.
   after_death: the source died, so OTHER may not have handled all it sent. */
inline go_live(i, after_death) {
  if
  :: alive[GATE] && !KNOWS(i, GATE) -> fact(f_seen_kept, (seen & ~hist[i]) == 0)
  :: else
  fi;
  run_all(i, mail[i]);
  mail[i] = 0;
  if :: after_death && used[i] -> await_end(i) :: else fi;
  if
  :: KNOWS(i, GATE) ->
    if
    :: KNOWS(i, peer[i]) -> settle(i, live)
    :: else -> to_peer(i, peer[i], m_live_ack, num[i], 0); ent[i] = landed
    fi
  :: else ->
    ent[i] = arrived;
    to_gate(i, m_live_ack, num[i], 0, 0);
    if :: HOLE(h_no_echo) -> ent[i] = landed :: else fi
  fi;
  v = calls[i]; k = 0;
  do
  :: k < 7 ->
    if :: (v >> k) & 1 -> execute(i, k); to_gate(i, m_done, 0, k, 0) :: else fi;
    k++
  :: else -> break
  od;
  calls[i] = 0
}

inline ask_store(i, number) {
  ent[i] = claiming;
  own[i] = number;
  to_store(i, m_claim, number, 1, 0)
}

/* The target decides alone, or after an abort: the store may know better. */
inline claim_as_target(i) {
  used[i] = 1; /* The source may have sent since: its state does not say. */
  if
  :: HOLE(h_no_claim) -> own[i] = CLAIM_OF(num[i]); to_store(i, m_claim, own[i], 0, 0); go_live(i, 1)
  :: else -> ask_store(i, CLAIM_OF(num[i]))
  fi
}
inline claim_as_source(i) {
  tell_unknown(mail[i]);
  mail[i] = 0;
  if
  :: HOLE(h_no_claim) -> own[i] = CLAIM_OF(num[i]) + 1; to_store(i, m_claim, own[i], 0, 0); await_end(i); thaw(i, live)
  :: else -> ask_store(i, CLAIM_OF(num[i]) + 1)
  fi
}

inline forward_mail(i) {
  if :: mail[i] & 16 -> to_gate(i, m_forward, num[i], 4, 0) :: else fi;
  if :: mail[i] & 32 -> to_gate(i, m_forward, num[i], 5, 0) :: else fi
}
/* Ready and every flush acknowledged: the mail and the commit go in one batch. */
inline hand_over(i) {
  if
  :: ready[i] && !flushing[i] ->
    forward_mail(i);
    to_gate(i, m_commit, num[i], 0, 0);
    ready[i] = 0;
    if
    :: HOLE(h_no_ledger) -> settle(i, none); mail[i] = 0
    :: else -> ent[i] = ledger
    fi
  :: else
  fi
}

inline freeze(i) {
  ent[i] = frozen;
  ready[i] = 0;
  w = version[i]; /* The highest that was ever sent, acknowledged or not. */
  if :: HOLE(h_version_of_acked) && w > 0 -> w-- :: else fi;
  y = (w << 1) | used[i];
  to_gate(i, m_state, num[i], hist[i], y);
  if
  :: used[i] && !KNOWS(i, OTHER) && !HOLE(h_no_flush) -> flushing[i] = 1; to_other(i, m_flush, num[i])
  :: else
  fi
}

inline take_state(i) {
  ent[i] = built;
  hist[i] = x; version[i] = y >> 1; used[i] = y & 1;
  if
  :: plan == 2 ->
    if :: HOLE(h_no_space) -> settle(i, none) :: else fi;
    to_gate(i, m_not_ready, n, 0, 0)
  :: else -> to_gate(i, m_ready, n, 0, 0)
  fi
}

inline call(i) {
  if
  :: RUNS(ent[i]) -> execute(i, x); to_gate(i, m_done, 0, x, 0)
  :: ent[i] == claiming -> calls[i] = calls[i] | BIT(x)
  :: else ->
    fact(f_frozen_call, ent[i] != frozen && ent[i] != abort_wait && ent[i] != ledger);
    to_gate(i, m_not_here, 0, x, 0)
  fi
}

/* The gate's word. */
inline gate_says(i) {
  w = (m != m_call && m != m_pre_req && n != num[i]);
  begin(r_game, i, ent[i], w_gate, m, w);
  if
  :: m == m_call -> call(i)
  :: m == m_pre_req && ent[i] == none && plan != 1 ->
    ent[i] = prep; num[i] = n; peer[i] = x; to_gate(i, m_pre_ok, n, 0, 0)
  :: m == m_pre_req && (ent[i] != none || plan == 1) -> to_gate(i, m_pre_no, n, 0, 0)
  :: m == m_cancel ->
    if
    :: n == num[i] && (ent[i] == prep || ent[i] == built) -> settle(i, none); mail[i] = 0
    :: else
    fi;
    to_gate(i, m_gone, n, 0, 0)
  :: m == m_state && HOLE(h_reservation_stays) && ent[i] == none -> num[i] = n; take_state(i)
  :: else ->
    if
    :: !SAME(n, num[i]) -> skip
    :: m == m_pre_ok && ent[i] == asked -> ent[i] = hold_asked; to_gate(i, m_hold, n, 0, 0)
    :: m == m_pre_no && ent[i] == asked -> settle(i, live)
    :: m == m_hold_mark && ent[i] == hold_asked -> freeze(i)
    :: m == m_state && ent[i] == prep -> take_state(i)
    :: m == m_ready && ent[i] == frozen -> ready[i] = 1; hand_over(i)
    :: m == m_not_ready && ent[i] == frozen -> ent[i] = abort_wait; to_gate(i, m_abort_req, n, 0, 0)
    :: m == m_aborted && (ent[i] == hold_asked || ent[i] == frozen || ent[i] == abort_wait || ent[i] == ledger) ->
      to_gate(i, m_thawed, n, 0, 0); thaw(i, landed)
    :: m == m_undo && ent[i] == ledger ->
      fact(f_nothing_loose, !loose);
      tell_unknown(mail[i]); mail[i] = 0;
      own[i] = CLAIM_OF(n) + 1; to_store(i, m_claim, own[i], 0, 0);
      thaw(i, live)
    :: m == m_forward && ent[i] == built -> mail[i] = mail[i] | BIT(x)
    :: m == m_live && ent[i] == built ->
      own[i] = CLAIM_OF(n); to_store(i, m_claim, own[i], 0, 0); go_live(i, 0)
    :: m == m_live_ended && ent[i] == built ->
      own[i] = CLAIM_OF(n); to_store(i, m_claim, own[i], 0, 0); go_live(i, 1)
    :: m == m_live_claim && ent[i] == built -> claim_as_target(i)
    :: m == m_live_ack && ent[i] == ledger -> to_gate(i, m_gone, n, 0, 0); settle(i, none); mail[i] = 0
    :: m == m_live_ack && ent[i] == arrived -> ent[i] = landed; release_outputs(i)
    :: m == m_gone && ent[i] == landed -> settle(i, live)
    :: else -> fact(f_state_first, !(ent[i] == prep && (m == m_live || m == m_live_ended || m == m_live_claim)))
    fi
  fi;
  finish(ent[i])
}

/* The other game's word, past the dead gate: handled after that gate's end. */
inline peer_says(i, j) {
  begin(r_game, i, ent[i], w_peer, m, (n != num[i]));
  if
  :: m == m_forward && n == num[i] && ent[i] == built -> mail[i] = mail[i] | BIT(x)
  :: m == m_live && n == num[i] && ent[i] == built ->
    own[i] = CLAIM_OF(n); to_store(i, m_claim, own[i], 0, 0); go_live(i, 0)
  :: m == m_live && !(n == num[i] && ent[i] == built) -> to_peer(i, j, m_live_ack, n, 0)
  :: m == m_forward && HOLE(h_duplicate_forward) && RUNS(ent[i]) -> execute(i, x)
  :: m == m_live_ack && n == num[i] && ent[i] == ledger ->
    to_peer(i, j, m_gone, n, 0); settle(i, none); mail[i] = 0
  :: m == m_cancel ->
    if
    :: n == num[i] && (ent[i] == prep || ent[i] == built) -> settle(i, none); mail[i] = 0
    :: else
    fi;
    to_peer(i, j, m_gone, n, 0)
  :: m == m_gone && n == num[i] && ent[i] == built -> settle(i, none); mail[i] = 0
  :: m == m_gone && n == num[i] && ent[i] == landed -> settle(i, live)
  :: m == m_what_of && !(n == num[i] && (ent[i] == ledger || ent[i] == claiming)) -> to_peer(i, j, m_gone, n, 0)
  :: else
  fi;
  finish(ent[i])
}

inline other_says(i) {
  begin(r_game, i, ent[i], w_other, m, (m == m_flush_ack && n != num[i]));
  if
  :: m == m_flush_ack && n == num[i] && ent[i] == frozen -> flushing[i] = 0; hand_over(i)
  :: m == m_ended -> ending[i] = 0; release_outputs(i)
  :: else
  fi;
  finish(ent[i])
}

inline store_says(i) {
  m = (n == 0 -> m_refused : (x > version[i] -> m_newer : m_claimed));
  begin(r_game, i, ent[i], w_store, m, 0);
  if
  :: ent[i] != claiming -> skip
  :: else ->
    if
    :: m == m_newer -> version[i] = x; hist[i] = y
    :: else
    fi;
    if
    :: m == m_refused ->
      v = calls[i]; k = 0;
      do
      :: k < 7 -> if :: (v >> k) & 1 -> to_gate(i, m_not_here, 0, k, 0) :: else fi; k++
      :: else -> break
      od;
      calls[i] = 0; mail[i] = 0; settle(i, none)
    :: else ->
      if
      :: own[i] & 1 -> await_end(i); thaw(i, live) /* The target may have run and sent. */
      :: else -> go_live(i, 1)
      fi
    fi
  fi;
  finish(ent[i])
}

inline gate_ended(i) {
  begin(r_game, i, ent[i], w_gate, m_end, 0);
  if
  :: ent[i] == asked || ent[i] == hold_asked ->
    if :: !KNOWS(i, peer[i]) -> to_peer(i, peer[i], m_cancel, num[i], 0) :: else fi;
    settle(i, live)
  :: ent[i] == frozen || ent[i] == abort_wait ->
    if
    :: KNOWS(i, peer[i]) -> thaw(i, live)
    :: else -> to_peer(i, peer[i], m_cancel, num[i], 0); thaw(i, landed)
    fi
  :: ent[i] == ledger ->
    if
    :: KNOWS(i, peer[i]) -> claim_as_source(i)
    :: else ->
      if :: mail[i] & 16 -> to_peer(i, peer[i], m_forward, num[i], 4) :: else fi;
      if :: mail[i] & 32 -> to_peer(i, peer[i], m_forward, num[i], 5) :: else fi;
      to_peer(i, peer[i], m_live, num[i], 0)
    fi
  :: ent[i] == prep -> if :: HOLE(h_reservation_stays) -> skip :: else -> settle(i, none) fi
  :: ent[i] == built ->
    if
    :: KNOWS(i, peer[i]) -> claim_as_target(i)
    :: else -> if :: HOLE(h_built_for_ever) -> skip :: else -> to_peer(i, peer[i], m_what_of, num[i], 0) fi
    fi
  :: ent[i] == arrived || ent[i] == landed -> /* Counts as the echo. */
    if
    :: KNOWS(i, peer[i]) -> settle(i, live)
    :: !KNOWS(i, peer[i]) && own[i] == CLAIM_OF(num[i]) -> to_peer(i, peer[i], m_what_of, num[i], 0); ent[i] = landed
    :: else -> to_peer(i, peer[i], m_cancel, num[i], 0)
    fi;
    release_outputs(i)
  :: else
  fi;
  finish(ent[i])
}

/* The manager's notice about the other game counts only past a dead gate. */
inline peer_ended(i, j) {
  begin(r_game, i, ent[i], w_peer, m_end, (peer[i] != j));
  if
  :: peer[i] != j || (!KNOWS(i, GATE) && !HOLE(h_early_notice)) -> skip
  :: else ->
    if
    :: ent[i] == ledger -> claim_as_source(i)
    :: ent[i] == built -> claim_as_target(i)
    :: ent[i] == landed -> settle(i, live)
    :: HOLE(h_early_notice) && (ent[i] == frozen || ent[i] == abort_wait) -> thaw(i, live)
    :: else
    fi
  fi;
  finish(ent[i])
}

inline other_ended(i) {
  begin(r_game, i, ent[i], w_other, m_end, 0);
  ending[i] = 0;
  release_outputs(i);
  if
  :: ent[i] == frozen && flushing[i] -> flushing[i] = 0; hand_over(i)
  :: else
  fi;
  finish(ent[i])
}

inline begin_migration(i, j, fate) {
  begun++; plan = fate;
  begin(r_game, i, ent[i], w_self, m_migrate, 0);
  ent[i] = asked; num[i] = begun; peer[i] = j;
  to_gate(i, m_pre_req, begun, j, 0);
  finish(ent[i])
}

inline ask_abort(i) {
  aborted_by_ask++;
  begin(r_game, i, ent[i], w_self, m_abort, 0);
  if
  :: ent[i] == asked -> to_gate(i, m_cancel, num[i], 0, 0); settle(i, live)
  :: ent[i] == hold_asked -> to_gate(i, m_abort_req, num[i], 0, 0)
  :: else ->
    to_gate(i, m_abort_req, num[i], 0, 0);
    if :: HOLE(h_thaws_by_itself) -> to_gate(i, m_thawed, num[i], 0, 0); thaw(i, landed) :: else -> ent[i] = abort_wait fi
  fi;
  finish(ent[i])
}

/* The time bound of held mail; it decides nothing about the migration. */
inline mail_bound(i) {
  bounded++;
  begin(r_game, i, ent[i], w_self, m_bound, 0);
  if :: ent[i] == ledger -> tell_unknown(mail[i]) :: else -> tell_not(mail[i]) fi;
  mail[i] = 0;
  finish(ent[i])
}

inline mail_arrives(i, id) {
  begin(r_game, i, ent[i], w_other, m_mail, 0);
  if
  :: (own[i] == 0 || (own[i] & 1)) && RUNS(ent[i]) -> execute(i, id)
  :: ent[i] == frozen || ent[i] == abort_wait -> mail[i] = mail[i] | BIT(id)
  :: ent[i] == ledger && HOLE(h_mail_after_commit) ->
    mail[i] = mail[i] | BIT(id); to_gate(i, m_forward, num[i], id, 0)
  :: else -> out(m_stale, w_other); told_not = told_not | BIT(id)
  fi;
  finish(ent[i])
}

#define CAN_MIGRATE(i, j) \
  (i != j && alive[i] && (ent[i] == live || (HOLE(h_migrates_early) && ent[i] == arrived)) && !ending[i] && begun < migrations && !over && \
   !KNOWS(i, GATE) && !KNOWS(i, j) && !(begun == 0 && j != 1))


inline hears_of(i, j) { notices[i] = notices[i] & ~BIT(j); knows[i] = knows[i] | BIT(j) }
inline drain(c) { do :: nempty(c) -> c?_,_,_,_ :: empty(c) -> break od }
inline drain2(c) { do :: nempty(c) -> c?_,_ :: empty(c) -> break od }

#define TELLS(i, j) d_step { alive[i] && (KNOWS(i, GATE) || HOLE(h_direct_early)) && len(direct[(j)*GAMES + i]) > 0 -> \
  direct[(j)*GAMES + i]?m,n,x,y; peer_says(i, j); fact(f_one_live, RUNNING <= 1) }
#define ENDS(i, j) d_step { alive[i] && ((notices[i] >> (j)) & 1) -> \
  hears_of(i, j); drain(direct[(j)*GAMES + i]); peer_ended(i, j); fact(f_one_live, RUNNING <= 1) }
#define MIGRATES(i, j, fate, allowed) d_step { CAN_MIGRATE(i, j) && allowed -> begin_migration(i, j, fate) }

proctype Game(byte i) {
end:
  do
  :: d_step { alive[i] && len(down[i]) > 0 -> down[i]?m,n,x,y; gate_says(i); fact(f_one_live, RUNNING <= 1) }
  :: d_step { alive[i] && len(other_down[i]) > 0 -> other_down[i]?m,n; other_says(i) }
  :: d_step { alive[i] && len(store_down[i]) > 0 -> store_down[i]?m,n,x,y; store_says(i); fact(f_one_live, RUNNING <= 1) }
  :: d_step { alive[i] && ((notices[i] >> GATE) & 1) ->
      hears_of(i, GATE); drain(down[i]); gate_ended(i); fact(f_one_live, RUNNING <= 1) }
  :: d_step { alive[i] && ((notices[i] >> OTHER) & 1) -> hears_of(i, OTHER); drain2(other_down[i]); other_ended(i) }
  :: TELLS(i, 0) :: TELLS(i, 1)
  :: ENDS(i, 0) :: ENDS(i, 1)
  :: MIGRATES(i, 0, 0, true) :: MIGRATES(i, 1, 0, true)
  :: MIGRATES(i, 1, 1, refusals > 0) :: MIGRATES(i, 1, 2, unready > 0)
#if GAMES > 2
  :: TELLS(i, 2) :: ENDS(i, 2) :: MIGRATES(i, 2, 0, true)
#endif
  :: d_step { alive[i] && aborted_by_ask < aborts && !over && !KNOWS(i, GATE) &&
      (ent[i] == asked || ent[i] == hold_asked || ent[i] == frozen) -> ask_abort(i); fact(f_one_live, RUNNING <= 1) }
  :: d_step { alive[i] && bounded < bounds && !over && mail[i] != 0 &&
      (ent[i] == frozen || ent[i] == abort_wait || ent[i] == ledger) -> mail_bound(i) }
  :: d_step { alive[i] && RUNS(ent[i]) && made_push < pushes && !over ->
      begin(r_game, i, ent[i], w_self, m_push, 0);
      if
      :: ent[i] == arrived || ending[i] -> unsent[i] = unsent[i] | BIT(made_push)
      :: else -> push_now(i, made_push)
      fi;
      made_push++;
      finish(ent[i]) }
  :: d_step { alive[i] && RUNS(ent[i]) && made_save < saves && !over ->
      begin(r_game, i, ent[i], w_self, m_save, 0);
      if :: ent[i] == arrived -> unsaved[i] = 1 :: else -> save_now(i) fi;
      made_save++;
      finish(ent[i]) }
  od
}
