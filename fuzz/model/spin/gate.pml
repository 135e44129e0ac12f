/* The gate: holds the client's and the proxies' messages, and arbitrates. The
   first of a commit, an abort request and a death that it handles wins. */

inline to_game(i, message, a, b, c, who) {
  out(message, who);
  if :: alive[i] && !KNOWS(GATE, i) && !KNOWS(i, GATE) -> down[i]!message, a, b, c :: else fi
}

inline pass_on(id) {
  if
  :: route == NOBODY -> tell_not(BIT(id))
  :: else ->
    if
    :: KNOWS(GATE, route) -> tell_not(BIT(id))
    :: else ->
      unanswered[route] = unanswered[route] | BIT(id);
      to_game(route, m_call, 0, id, 0, w_game)
    fi
  fi
}
inline release() {
  v = held; k = 0; held = 0;
  do
  :: k < 7 -> if :: (v >> k) & 1 -> pass_on(k) :: else fi; k++
  :: else -> break
  od
}

inline close() { gst = idle; gnum = 0; gsrc = 0; gdst = 0; srcdead = 0 }

/* A message of the client or a proxy. */
inline incoming(id) {
  begin(r_gate, 0, gst, w_sender, m_call, 0);
  if
  :: (gst == hold || gst == sent) && !(HOLE(h_skips_hold) && id == 2) -> held = held | BIT(id)
  :: else -> pass_on(id)
  fi;
  finish(gst)
}

/* The entity stays with the source. From sent the target keeps its copy until
   the source says that it runs. */
inline grant_abort() {
  to_game(gsrc, m_aborted, gnum, 0, 0, w_source);
  if
  :: gst == hold || KNOWS(GATE, gdst) || HOLE(h_cancel_at_abort) ->
    if :: !KNOWS(GATE, gdst) -> to_game(gdst, m_cancel, gnum, 0, 0, w_target) :: else fi;
    to_game(gsrc, m_gone, gnum, 0, 0, w_source);
    close()
  :: else -> gst = back
  fi;
  release()
}

inline settled() {
  if
  :: route == gsrc -> to_game(gsrc, m_gone, gnum, 0, 0, w_source)
  :: else -> to_game(gdst, m_gone, gnum, 0, 0, w_target)
  fi;
  close()
}

/* The losing copy may still run if two processes die: until it is gone the
   winner may not move on. */
inline await_gone() {
  if :: HOLE(h_unsettled) -> settled() :: else -> gst = settling fi
}
inline commit_point(word) {
  route = gdst;
  gst = comm;
  to_game(gdst, word, gnum, 0, 0, w_target);
  release()
}

#define FROM(i) ((gst != idle && i == gsrc) -> w_source : ((gst != idle && i == gdst) -> w_target : w_game))
#define OURS    (gst != idle && SAME(n, gnum))

inline game_says(i) {
  w = (m != m_pre_req && m != m_done && m != m_not_here && !OURS);
  begin(r_gate, 0, gst, FROM(i), m, w);
  if
  :: m == m_done -> unanswered[i] = unanswered[i] & ~BIT(x); seen = seen | BIT(x)
  :: m == m_not_here -> unanswered[i] = unanswered[i] & ~BIT(x); tell_not(BIT(x))
  :: m == m_pre_req ->
    fact(f_gate_free, gst == idle && route == i);
    if
    :: KNOWS(GATE, x) -> to_game(i, m_pre_no, n, 0, 0, w_source)
    :: else ->
      gst = pre; gnum = n; gsrc = i; gdst = x;
      to_game(x, m_pre_req, n, i, 0, w_target)
    fi
  :: m == m_pre_ok && OURS && gst == pre -> to_game(gsrc, m_pre_ok, n, 0, 0, w_source)
  :: m == m_pre_no && OURS && gst == pre ->
    to_game(gsrc, m_pre_no, n, 0, 0, w_source); close()
  :: m == m_cancel && OURS && gst == pre ->
    to_game(gdst, m_cancel, n, 0, 0, w_target); close()
  :: m == m_hold ->
    if
    :: OURS && gst == pre -> gst = hold; to_game(gsrc, m_hold_mark, n, 0, 0, w_source)
    :: else -> to_game(i, m_aborted, n, 0, 0, w_source); to_game(i, m_gone, n, 0, 0, w_source)
    fi
  :: m == m_state && OURS && gst == hold -> gst = sent; to_game(gdst, m_state, n, x, y, w_target)
  :: (m == m_ready || m == m_not_ready) && OURS && gst == sent -> to_game(gsrc, m, n, 0, 0, w_source)
  :: m == m_forward && OURS && (gst == sent || HOLE(h_mail_after_commit)) -> to_game(gdst, m_forward, n, x, 0, w_target)
  :: m == m_forward && HOLE(h_forward_failed) && !(OURS && gst == sent) -> tell_not(BIT(x))
  :: m == m_commit && OURS && gst == sent -> commit_point(m_live)
  :: m == m_live_ack && OURS && gst == comm ->
    to_game(gdst, m_live_ack, n, 0, 0, w_target);
    loose = 0;
    if
    :: srcdead -> to_game(gdst, m_gone, n, 0, 0, w_target); close()
    :: else -> to_game(gsrc, m_live_ack, n, 0, 0, w_source); await_gone()
    fi
  :: m == m_abort_req && OURS && (gst == hold || gst == sent) -> grant_abort()
  :: m == m_thawed && OURS && gst == back -> to_game(gdst, m_cancel, n, 0, 0, w_target); await_gone()
  :: m == m_gone && OURS && gst == settling && i != route -> settled()
  :: else
  fi;
  finish(gst)
}

inline source_ended() {
  if
  :: gst == pre || gst == hold ->
    route = NOBODY;
    if :: HOLE(h_reservation_stays) -> skip :: else -> to_game(gdst, m_cancel, gnum, 0, 0, w_target) fi;
    close(); release()
  :: gst == sent && HOLE(h_copy_dropped) ->
    route = NOBODY; to_game(gdst, m_cancel, gnum, 0, 0, w_target); close(); release()
  :: gst == sent && !HOLE(h_copy_dropped) -> srcdead = 1; commit_point(m_live_ended)
  :: gst == back -> srcdead = 1; commit_point(m_live_claim)
  :: gst == settling && route == gsrc -> route = NOBODY; close()
  :: gst == settling && route != gsrc -> settled()
  :: else -> srcdead = 1
  fi
}

inline target_ended() {
  if
  :: gst == pre -> to_game(gsrc, m_pre_no, gnum, 0, 0, w_source); close()
  :: gst == hold || gst == sent -> grant_abort()
  :: gst == back -> to_game(gsrc, m_gone, gnum, 0, 0, w_source); close()
  :: gst == settling && route == gsrc -> settled()
  :: gst == settling && route != gsrc -> route = NOBODY; close()
  :: gst == comm ->
    if
    :: srcdead || HOLE(h_no_undo) -> route = NOBODY
    :: else -> route = gsrc; to_game(gsrc, m_undo, gnum, 0, 0, w_source)
    fi;
    close(); release()
  fi
}

inline game_ended(i) {
  begin(r_gate, 0, gst, FROM(i), m_end, 0);
  tell_unknown(unanswered[i]);
  unanswered[i] = 0;
  if
  :: gst != idle && gsrc == i -> source_ended()
  :: gst != idle && gdst == i -> target_ended()
  :: else -> if :: route == i -> route = NOBODY :: else fi
  fi;
  finish(gst)
}

/* The time bound of held messages; it decides nothing about the migration. */
inline held_bound() {
  bounded++;
  begin(r_gate, 0, gst, w_self, m_bound, 0);
  if :: HOLE(h_bound_loses) -> skip :: else -> tell_not(held) fi;
  held = 0;
  finish(gst)
}

#define GATE_HEARS(i) d_step { alive[GATE] && len(up[i]) > 0 -> up[i]?m,n,x,y; game_says(i) }
#define GATE_ENDS(i)  d_step { alive[GATE] && ((notices[GATE] >> i) & 1) -> hears_of(GATE, i); drain(up[i]); game_ended(i) }

proctype Gate() {
end:
  do
  :: GATE_HEARS(0) :: GATE_HEARS(1)
  :: GATE_ENDS(0) :: GATE_ENDS(1)
#if GAMES > 2
  :: GATE_HEARS(2) :: GATE_ENDS(2)
#endif
  :: d_step { alive[GATE] && bounded < bounds && !over && held != 0 -> held_bound() }
  od
}
