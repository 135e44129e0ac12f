/* What stands far from the migration: the gate by which the entity sends
   elsewhere, and the db. */

inline pushed_by(number) {
  fact(f_push_order, (pushed >> number) == 0);
  pushed = pushed | BIT(number)
}
inline other_hears(i) {
  if
  :: k != NOBODY -> if :: alive[k] && !KNOWS(OTHER, k) && !KNOWS(k, OTHER) -> other_down[k]!m, n, x, i :: else fi
  :: else ->
    if
    :: m == m_push -> pushed_by(n)
    :: m == m_flush -> if :: alive[i] -> other_down[i]!m_flushed, n, 0, NOBODY :: else fi
    :: m == m_ask_gone -> if :: KNOWS(OTHER, n) && alive[i] -> other_down[i]!m_gone_a + n, 0, 0, NOBODY :: else fi
    :: else
    fi
  fi
}

#define OTHER_HEARS(i) d_step { alive[OTHER] && len(other_up[i]) > 0 -> other_up[i]?m,n,x,k; other_hears(i) }
#define OTHER_ENDS(i) d_step { alive[OTHER] && ((notices[OTHER] >> i) & 1) -> hears_of(OTHER, i); drain(other_up[i]); say_gone(OTHER, i) }

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

/* The db (core/dbm/passing.go, save.go). A game that its list does not name any more holds nothing. */
#define DB_HOLDS(j) ((j) != NOBODY && !KNOWS(DB, j))
#define NOTE (2*(db_next_n != 0) + (db_note_n != 0))
#define HOLDER  (db_note_n > db_own -> db_note : db_holder)
#define OWNER   (db_note_n > db_own -> db_note_n : db_own)

inline to_asker(i, message, a, b, c) {
  out(message, w_game);
  if :: alive[i] && !KNOWS(DB, i) -> db_down[i]!message, a, b, c :: else fi
}
inline proved() {
  if :: db_note_n <= db_own -> db_note_n = 0; db_note = NOBODY :: else fi;
  if :: db_next_n <= db_own -> db_next_n = 0; db_next = NOBODY :: else fi
}
inline to_be_taken(i) {
  if
  :: n > db_note_n && (n > db_next_n || !DB_HOLDS(db_next)) -> db_next = i; db_next_n = n
  :: else
  fi
}
#define REFUSES_TAKE(i) (OWNER > n || (OWNER == n && HOLDER != i) || \
  (y && db_next_n >= n && db_next != i && DB_HOLDS(db_next) && !HOLE(h_take_expected)))
inline db_take(i) {
  to_be_taken(i);
  if
  :: REFUSES_TAKE(i) ->
    if :: db_next == i && db_next_n == n -> db_next = NOBODY; db_next_n = 0 :: else fi;
    to_asker(i, m_not_taken, n, 0, 0)
  :: else ->
    if
    :: db_own < n ->
      db_note = i; db_note_n = n;
      if :: db_next_n <= n -> db_next = NOBODY; db_next_n = 0 :: else fi
    :: else
    fi;
    if
    :: db_ver > x -> to_asker(i, m_newer, n, db_ver, 0)
    :: else -> to_asker(i, m_taken, n, db_ver, 0)
    fi
  fi
}
inline db_claim(i) {
  if
  :: HOLDER != NOBODY && ((HOLDER != i && DB_HOLDS(HOLDER)) || (db_next_n > OWNER && db_next != i && DB_HOLDS(db_next))) ->
    to_asker(i, m_held, 0, 0, 0)
  :: else ->
    db_own = MAX(db_own, MAX(db_note_n, db_next_n)) + 1;
    db_holder = i;
    proved();
    to_asker(i, m_claimed, db_own, db_ver, db_hist)
  fi
}
inline db_save(i) {
  if
  :: HOLDER != i || OWNER != n -> to_asker(i, m_no_save, n, 0, 0)
  :: else ->
    db_holder = i; db_own = n;
    if
    :: m == m_release -> db_holder = NOBODY
    :: x != db_ver -> to_asker(i, m_no_save, n, 0, 0)
    :: else -> db_ver++; db_hist = y; to_asker(i, m_saved, n, db_ver, 0)
    fi;
    proved()
  fi
}
inline db_hears(i) {
  begin(r_db, 0, NOTE, w_game, m, 0);
  if
  :: m == m_expect ->
    if
    :: HOLE(h_not_expected) -> to_asker(i, m_expected, n, 0, 0)
    :: n > db_note_n && (db_next_n <= n || !DB_HOLDS(db_next)) && !HOLE(h_not_expected) ->
      db_next = i; db_next_n = n; to_asker(i, m_expected, n, 0, 0)
    :: else -> to_asker(i, m_refused, n, 0, 0)
    fi
  :: m == m_unexpect -> if :: db_next == i && db_next_n == n -> db_next = NOBODY; db_next_n = 0 :: else fi
  :: m == m_take -> db_take(i)
  :: m == m_claim -> db_claim(i)
  :: m == m_save || m == m_release -> db_save(i)
  fi;
  finish(NOTE)
}

#define DB_HEARS(i) d_step { len(db_up[i]) > 0 -> db_up[i]?m,n,x,y; db_hears(i) }
#define DB_ENDS(i) d_step { (notices[DB] >> i) & 1 -> hears_of(DB, i); drain(db_up[i]); \
  if :: db_next == i -> db_next = NOBODY; db_next_n = 0 :: else fi }

proctype Db() {
end:
  do
  :: DB_HEARS(0) :: DB_HEARS(1)
  :: DB_ENDS(0) :: DB_ENDS(1)
#if GAMES > 2
  :: DB_HEARS(2) :: DB_ENDS(2)
#endif
  od
}
