/* The gate (core/gate/migrate.go, hold.go): holds the client's and the proxies'
   messages, and arbitrates. The first of a commit, an abort and a death that it
   handles wins. */

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
inline answer_held() { tell_not(held); held = 0 }
inline close_move() { gst = idle; gnum = 0; gsrc = 0; gdst = 0 }

/* A message of the client or a proxy. */
inline incoming(id) {
  if
  :: (gst == hold || gst == sent || gst == orphan) && !(HOLE(h_skips_hold) && id == 2) -> held = held | BIT(id)
  :: else -> pass_on(id)
  fi
}

inline commit() {
  gst = comm;
  to_game(gdst, m_live, gnum, 0, 0, w_target);
  route = gdst;
  release()
}
/* The target keeps the state until the source has said that it runs. */
inline abort() {
  v = gst;
  to_game(gsrc, m_aborted, gnum, 0, 0, w_source);
  gst = back;
  if
  :: v == hold || HOLE(h_cancel_at_abort) -> to_game(gdst, m_cancel, gnum, 0, 0, w_target); release(); close_move()
  :: else -> release()
  fi
}
inline orphan_gone() { answer_held(); close_move(); route = NOBODY }

#define FROM(i) ((gst != idle && i == gsrc) -> w_source : ((gst != idle && i == gdst) -> w_target : w_game))
#define OURS(i)   (gst != idle && SAME(n, gnum) && (i == gsrc || i == gdst))

inline from_source() {
  if
  :: m == m_cancel && gst == pre -> to_game(gdst, m_cancel, n, 0, 0, w_target); close_move()
  :: m == m_hold && gst == pre -> gst = hold; to_game(gsrc, m_hold_mark, n, 0, 0, w_source)
  :: m == m_hold && gst != pre -> to_game(gsrc, m_aborted, n, 0, 0, w_source)
  :: m == m_state && gst == hold ->
    if
    :: filled < fulls && !over -> filled++; abort()
    :: else -> to_game(gdst, m_state, n, x, y, w_target); gst = sent
    fi
  :: m == m_held_mail && gst == sent ->
    if
    :: filled < fulls && !over -> filled++; abort()
    :: else -> to_game(gdst, m_held_mail, n, x, 0, w_target)
    fi
  :: m == m_abort && (gst == hold || gst == sent) -> abort()
  :: m == m_thawed && gst == back -> to_game(gdst, m_cancel, n, 0, 0, w_target); close_move()
  :: m == m_commit && gst == sent -> commit()
  :: else
  fi
}
inline from_target() {
  if
  :: m == m_pre_no && gst == pre -> to_game(gsrc, m_pre_no, n, 0, 0, w_source); close_move()
  :: m == m_pre_ok && gst == pre -> to_game(gsrc, m_pre_ok, n, 0, 0, w_source)
  :: (m == m_built || m == m_not_built) && gst == sent -> to_game(gsrc, m, n, 0, 0, w_source)
  :: m == m_adopted && gst == orphan -> commit()
  :: m == m_not_built && gst == orphan -> orphan_gone()
  :: m == m_live_ack && gst == comm ->
    to_game(gsrc, m_live_ack, n, 0, 0, w_source);
    to_game(gdst, m_live_heard, n, 0, 0, w_target);
    loose = 0; close_move()
  :: else
  fi
}

inline game_says(i) {
  w = (m != m_pre_req && !(gst != idle && n == gnum && (i == gsrc || i == gdst)));
  if :: m != m_done && m != m_stale -> begin(r_gate, 0, gst, FROM(i), m, w) :: else fi;
  if
  :: m == m_done -> unanswered[i] = unanswered[i] & ~BIT(x); seen = seen | BIT(x)
  :: m == m_stale -> unanswered[i] = unanswered[i] & ~BIT(x); tell_not(BIT(x))
  :: m == m_pre_req ->
    if
    :: gst != idle || KNOWS(GATE, x) || route != i -> to_game(i, m_pre_no, n, 0, 0, w_source)
    :: else ->
      gst = pre; gnum = n; gsrc = i; gdst = x;
      to_game(x, m_pre_req, n, i, 0, w_target)
    fi
  :: else ->
    if
    :: OURS(i) && i == gsrc -> from_source()
    :: OURS(i) && i == gdst -> from_target()
    :: else -> if :: m == m_hold -> to_game(i, m_aborted, n, 0, 0, w_game) :: else fi
    fi
  fi;
  finish(gst)
}

inline source_lost() {
  if
  :: gst == pre || gst == hold -> answer_held(); to_game(gdst, m_cancel, gnum, 0, 0, w_target); close_move()
  :: (gst == sent || gst == back) && HOLE(h_orphan_dropped) ->
    answer_held(); to_game(gdst, m_cancel, gnum, 0, 0, w_target); close_move()
  :: (gst == sent || gst == back) && !HOLE(h_orphan_dropped) ->
    gst = orphan; to_game(gdst, m_orphan, gnum, 0, 0, w_target)
  :: else
  fi
}
inline target_lost() {
  if
  :: gst == pre -> to_game(gsrc, m_pre_no, gnum, 0, 0, w_source); close_move()
  :: gst == hold || gst == sent -> abort(); close_move()
  :: gst == back -> close_move()
  :: gst == orphan -> orphan_gone()
  :: gst == comm ->
    if
    :: KNOWS(GATE, gsrc) || HOLE(h_no_undo) -> skip
    :: else -> to_game(gsrc, m_undo, gnum, 0, 0, w_source); route = gsrc; copy_left = 1
    fi;
    close_move()
  :: else
  fi
}
/* gameDied tells every game that nothing more will come from a dead one. */
inline tell_gone(g, to, j) {
  if
  :: to == j || !alive[to] || KNOWS(g, to) || KNOWS(to, g) -> skip
  :: else -> if :: g == GATE -> down[to]!m_gone_a + j, 0, 0, 0 :: else -> other_down[to]!m_gone_a + j, 0, 0, NOBODY fi
  fi
}
#if GAMES > 2
#define TELL_GONE_C(g, j) tell_gone(g, 2, j)
#else
#define TELL_GONE_C(g, j) skip
#endif
inline say_gone(g, j) { tell_gone(g, 0, j); tell_gone(g, 1, j); TELL_GONE_C(g, j) }

inline game_ended(i) {
  begin(r_gate, 0, gst, FROM(i), m_end, 0);
  tell_unknown(unanswered[i]);
  unanswered[i] = 0;
  say_gone(GATE, i);
  if
  :: gst != idle && gsrc == i -> source_lost()
  :: else -> if :: gst != idle && gdst == i -> target_lost() :: else fi
  fi;
  if :: route == i && gst != orphan -> route = NOBODY :: else fi;
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
