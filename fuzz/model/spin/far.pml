/* What stands far from the migration: the gate by which the entity sends
   elsewhere, and the store. */

inline pushed_by(number) {
  fact(f_push_order, (pushed >> number) == 0);
  pushed = pushed | BIT(number)
}

#define OTHER_HEARS(i) d_step { alive[OTHER] && len(other_up[i]) > 0 -> \
  other_up[i]?m,n; \
  if \
  :: m == m_push -> pushed_by(n) \
  :: m == m_flush -> if :: alive[i] -> other_down[i]!m_flush_ack,n :: else fi \
  :: else -> if :: KNOWS(OTHER, n) -> if :: alive[i] -> other_down[i]!m_ended,0 :: else fi :: else -> asker[n] = i fi \
  fi }
#define OTHER_ENDS(i) d_step { alive[OTHER] && ((notices[OTHER] >> i) & 1) -> \
  hears_of(OTHER, i); drain2(other_up[i]); \
  if \
  :: asker[i] != NOBODY -> if :: alive[asker[i]] -> other_down[asker[i]]!m_ended,0 :: else fi; asker[i] = NOBODY \
  :: else \
  fi }

proctype Other() {
end:
  do
  :: OTHER_HEARS(0) :: OTHER_HEARS(1)
  :: OTHER_ENDS(0) :: OTHER_ENDS(1)
#if GAMES > 2
  :: OTHER_HEARS(2) :: OTHER_ENDS(2)
#endif
  od
}

/* The store fences: a claim or a write with a smaller number is refused. */
inline store_hears(i) {
  if
  :: m == m_claim ->
    w = (n >= stored_own);
    if :: w -> stored_own = n :: else fi;
    if :: x && alive[i] -> store_down[i]!m_claimed, w, stored_version, stored_hist :: else fi
  :: else ->
    if
    :: n >= stored_own && x > stored_version -> stored_own = n; stored_version = x; stored_hist = y
    :: else
    fi
  fi
}

#define STORE_HEARS(i) d_step { len(store_up[i]) > 0 -> store_up[i]?m,n,x,y; store_hears(i) }

proctype Store() {
end:
  do
  :: STORE_HEARS(0) :: STORE_HEARS(1)
#if GAMES > 2
  :: STORE_HEARS(2)
#endif
  od
}
