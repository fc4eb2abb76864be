/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pins and revokes of mm/vma_owner.c, for spin. kit/model runs it.
 *
 * After a line "models: FILE" every inline and proctype bears the name of a
 * function of that file and takes its steps in its order; kit/model checks that
 * the names exist. One step is one access to shared memory. Locks, reference
 * counts and SRCU are taken to be what the kernel says they are.
 *
 * A scenario (the file scenarios) chooses by -D who is there:
 *
 * IMPORTERS=n		with a pin each; importer 0 undoes its mapping from a
 *			work item if BY_WORK, and unpins by one if DEFERRED
 * TEMPORARY=n		exporters that revoke and restore
 * PERMANENT		one that revokes for good
 * CLOSES		one that only lets go of the object
 * FAULTS=n		page faults of the mapper
 * MUNMAP		the mapper goes away; without it, the VMA stays till the end
 * VMA_HOLDS		the VMA holds the object; without it, the handle alone
 * SHOW			somebody reads debugfs
 * RESTORE_FAILS	an importer may fail to map again
 * REMAPS		an importer may undo its mapping and map anew
 * STORE_BUFFER		writes to live and marked may be late
 */
#ifndef IMPORTERS
#define IMPORTERS	1
#endif
#ifndef TEMPORARY
#define TEMPORARY	0
#endif
#ifndef PERMANENT
#define PERMANENT	0
#endif
#ifndef CLOSES
#define CLOSES		0
#endif
#ifndef FAULTS
#define FAULTS		0
#endif
#ifndef MUNMAP
#define MUNMAP		0
#endif
#ifndef SHOW
#define SHOW		0
#endif
#ifndef BY_WORK
#define BY_WORK		0
#endif
#ifndef DEFERRED
#define DEFERRED	0
#endif
#ifndef REMAPS
#define REMAPS		0
#endif
#ifdef VMA_HOLDS
#define HOLDS		1
#else
#define HOLDS		0
#endif
#define EXPORTERS	(TEMPORARY + PERMANENT + CLOSES)
#define PROCS		9

/* The object and the VMA that shows it */
byte obj_refs;
bool obj_freed;
bool vma = true;
byte vma_readers;
bool vma_writer;
bool pte;

/* struct vma_owner_revoke */
byte r_refs;
bool r_freed;
byte live;
byte nested;
bool gone;
bool marked;
bool waits[PROCS];		/* on the wait queue of &live */

/* struct vma_pin */
bool pin_ref[IMPORTERS];	/* ref.ops */
bool pin_revoke[IMPORTERS];
bool linked[IMPORTERS];		/* revoke_node */
bool listed[IMPORTERS];		/* node */
bool extents[IMPORTERS];	/* the device reaches the memory */

/* struct vo_imp */
bool stopped[IMPORTERS];
bool busy[IMPORTERS];
bool again[IMPORTERS];		/* restore came while busy */
bool want[IMPORTERS];
bool mapped[IMPORTERS];
bool queued;			/* the work item of importer 0 */
bool running;

/* SRCU: one reader, and a grace period that began while it was inside */
bool reading;
bool gp_waits;

/* The process that holds each lock, + 1 */
#define R_LOCK		0
#define PINS_LOCK	1
#define LEAF(i)		(2 + i)
byte lock[IMPORTERS + 2];

/* What the model alone knows */
bool pinned[IMPORTERS];		/* from linked to unlinked by unpin */
bool pin_freed[IMPORTERS];
bool failed[IMPORTERS];		/* restore could not map, the next one may */
byte begun;			/* revokes begun and not restored */
byte taken;			/* revokes returned and not restored */
byte settled;			/* importers that wait for let_go, or are gone */
bool let_go;
byte exporters = EXPORTERS;
byte others = SHOW + MUNMAP + (FAULTS > 0);
byte importers = IMPORTERS;
bool deferred;
bool all_done;

#define FOR_EACH_PIN(i)	i = 0; do :: i < IMPORTERS ->
#define NEXT_PIN(i)	i++ :: else -> break od; i = 0

/* ------------------------------------------------------------------------ */
/* models: nothing of ours, the kernel's primitives */

#ifdef STORE_BUFFER
/*
 * A process sees its own writes at once, the others see them later and in order:
 * the one to live or marked, then that of an unlock, which waits for it but need
 * not come soon either.
 */
byte late_live[PROCS];
byte late_mark[PROCS];		/* 1: false, 2: true */
byte late_unlock[PROCS];	/* one bit for each lock */

inline unlocked(p)
{
	do
	:: n < IMPORTERS + 2 ->
		if
		:: late_unlock[p] & (1 << n) -> lock[n] = 0
		:: else
		fi;
		n++
	:: else -> break
	od;
	n = 0;
	late_unlock[p] = 0
}

inline written()
{
	live = live + late_live[_pid];
	late_live[_pid] = 0;
	if
	:: late_mark[_pid] -> marked = late_mark[_pid] - 1; late_mark[_pid] = 0
	:: else
	fi;
	unlocked(_pid)
}

inline atomic_inc_live()
{
	d_step { written(); late_live[_pid] = 1 }
}

inline write_mark(v)
{
	d_step { written(); late_mark[_pid] = 1 + v }
}

inline mutex_unlock(l)
{
	d_step {
		assert(lock[l] == _pid + 1);
		late_unlock[_pid] = late_unlock[_pid] | (1 << (l))
	}
}

#define LIVE	(live + late_live[_pid])
#define MARKED	(late_mark[_pid] -> late_mark[_pid] - 1 : marked)

#define WRITTEN(p) \
	:: atomic { late_live[p] -> live++; late_live[p] = 0 } \
	:: atomic { late_mark[p] -> marked = late_mark[p] - 1; late_mark[p] = 0 } \
	:: atomic { \
		late_unlock[p] && !late_live[p] && !late_mark[p] -> \
		unlocked(p) \
	   }

active proctype memory()
{
	byte n;

end:
	do
	WRITTEN(1)
	WRITTEN(2)
	WRITTEN(3)
	WRITTEN(4)
	WRITTEN(5)
	od
}
#else
#define written()		skip
#define atomic_inc_live()	live++
#define write_mark(v)		marked = v
#define LIVE			live
#define MARKED			marked

inline mutex_unlock(l)
{
	d_step { assert(lock[l] == _pid + 1); lock[l] = 0 }
}
#endif

inline smp_mb()
{
	d_step { written() }
}

/* An atomic_inc() orders nothing by itself */
#define smp_mb__after_atomic()	smp_mb()

inline mutex_lock(l)
{
	atomic { lock[l] == 0 -> lock[l] = _pid + 1 }
}

inline synchronize_srcu()
{
	/* Really a full barrier as well: not used, so that smp_mb() counts */
	gp_waits = reading;
	!gp_waits
}

/* Sleeps once it is queued and the condition is still false */
inline wait_var_event()
{
	do
	:: LIVE == 0 -> break
	:: else ->
		d_step { written(); waits[_pid] = true };
		if
		:: LIVE == 0 -> waits[_pid] = false; break
		:: else -> !waits[_pid]
		fi
	od
}

inline wake_up_var()
{
	d_step {
		k = 0;
		do
		:: k < PROCS -> waits[k] = false; k++
		:: else -> break
		od;
		k = 0
	}
}

/* ------------------------------------------------------------------------ */
/* models: nothing of ours, an exporter's object */

inline obj_get(ok)
{
	assert(!r_freed);
	atomic {
		if
		:: !HOLDS && obj_refs == 0 -> ok = false
		:: else ->
			assert(obj_refs > 0);
			obj_refs++;
			ok = true
		fi
	}
}

inline obj_put()
{
	atomic {
		written();
		assert(obj_refs > 0);
		obj_refs--;
		if
		:: obj_refs == 0 ->
			obj_freed = true;
			assert(!pte);
			FOR_EACH_PIN(k) assert(!extents[k]); NEXT_PIN(k);
			vma_owner_revoke_put()
		:: else
		fi
	}
}

/* ------------------------------------------------------------------------ */
/* models: mm/vma_owner.c */

inline vma_owner_revoke_put()
{
	atomic {
		written();
		assert(r_refs > 0);
		r_refs--;
		if
		:: r_refs == 0 ->
			FOR_EACH_PIN(k) assert(!linked[k]); NEXT_PIN(k);
			assert(live == 0);
			r_freed = true
		:: else
		fi
	}
}

inline vma_owner_ref_put()
{
	obj_put()
}

inline vma_lock_at()
{
	atomic { !vma_writer -> vma_readers++ }
}

inline vma_unlock()
{
	vma_readers--
}

inline vma_owner_tryget(ok)
{
	if
	:: vma -> obj_get(ok)
	:: else -> ok = false
	fi
}

inline vma_piece_get(ok)
{
	vma_lock_at();
	vma_owner_tryget(ok);
	vma_unlock()
}

inline vma_pin_list(i)
{
	atomic { lock[PINS_LOCK] == 0 -> listed[i] = true }
}

inline vma_pin_unlist(i)
{
	atomic { lock[PINS_LOCK] == 0 -> listed[i] = false }
}

inline vma_pin_take_ref(i, had)
{
	atomic {
		lock[PINS_LOCK] == 0 ->
		had = pin_ref[i];
		pin_ref[i] = false
	}
}

inline vma_pin_link(i, ok)
{
	d_step {
		assert(!r_freed);
		r_refs++;
		pin_revoke[i] = true
	};
	mutex_lock(R_LOCK);
	ok = !MARKED;
	if
	:: ok ->
		d_step {
			assert(!begun);		/* no pin of revoked memory */
			linked[i] = true;
			pinned[i] = true
		}
	:: else
	fi;
	mutex_unlock(R_LOCK);
	if
	:: !ok ->
		pin_revoke[i] = false;
		vma_owner_revoke_put()
	:: else
	fi
}

inline vma_pin_object(i, ok)
{
	pin_ref[i] = true;
	assert(!obj_freed);	/* asked for its handle */
	vma_pin_link(i, ok);
	if
	:: ok -> vma_pin_list(i)
	:: else ->
		pin_ref[i] = false;
		vma_owner_ref_put()
	fi
}

inline vma_pin_user(i, ok)
{
	vma_piece_get(ok);
	if
	:: ok -> vma_pin_object(i, ok)
	:: else
	fi
}

inline vma_pin_map_end(i)
{
	d_step {
		written();
		assert(!r_freed && !pin_freed[i] && pin_revoke[i]);
		assert(live > 0);
		live--;
		zero = live == 0
	};
	if
	:: zero -> wake_up_var()
	:: else
	fi;
	zero = false
}

inline vma_pin_map_begin(i, ok)
{
	assert(!r_freed && !pin_freed[i] && pin_revoke[i]);
	atomic_inc_live();
	smp_mb__after_atomic();
	ok = !MARKED;
	if
	:: !ok -> vma_pin_map_end(i)
	:: else
	fi
}

inline vma_unpin(i)
{
	mutex_lock(R_LOCK);
	d_step { linked[i] = false; pinned[i] = false };
	mutex_unlock(R_LOCK);
	vma_pin_put_extents(i);		/* pin->release */
	vma_pin_unlist(i);
	vma_pin_take_ref(i, had);
	if
	:: had -> vma_owner_ref_put()
	:: else
	fi;
	had = false;
	vma_owner_revoke_put();
	pin_revoke[i] = false
}

inline vma_unpin_deferred()
{
	deferred = true
}

inline vma_owner_fault_enter(ok)
{
	assert(!r_freed);
	reading = true;
	ok = !MARKED;
	if
	:: !ok -> vma_owner_fault_exit()
	:: else
	fi
}

inline vma_owner_fault_exit()
{
	d_step { reading = false; gp_waits = false }
}

inline vma_pin_invalidate(i)
{
	vo_imp_invalidate(i)
}

inline vma_pin_restore(i)
{
	vo_imp_restore(i)
}

inline vma_owner_revoke_begin(permanent)
{
	assert(!r_freed);
	mutex_lock(R_LOCK);
	if
	:: permanent -> news = !gone; gone = true
	:: else -> news = !MARKED; nested++
	fi;
	if
	:: news ->
		write_mark(true);
		smp_mb();	/* mark before count */
		synchronize_srcu();
		pte = false;	/* zap */
		FOR_EACH_PIN(j)
			if
			:: linked[j] -> vma_pin_invalidate(j)
			:: else
			fi;
		NEXT_PIN(j)
	:: else
	fi;
	d_step { begun++; assert(!pte) };
	mutex_unlock(R_LOCK)
}

inline vma_owner_drop()
{
	do
	:: mutex_lock(R_LOCK);
		atomic {
			j = 0;
			do
			:: j < IMPORTERS && !linked[j] -> j++
			:: else -> break
			od
		};
		if
		:: j < IMPORTERS ->
			linked[j] = false;
			vma_pin_take_ref(j, had)
		:: else
		fi;
		mutex_unlock(R_LOCK);
		if
		:: j < IMPORTERS ->
			assert(had);
			vma_owner_ref_put()
		:: else -> break
		fi;
		had = false
	od;
	had = false;
	j = 0
}

inline vma_owner_revoke_drain()
{
	wait_var_event();
	mutex_lock(R_LOCK);
	was_gone = gone;
	mutex_unlock(R_LOCK);
	if
	:: was_gone -> vma_owner_drop()
	:: else
	fi;
	was_gone = false
}

inline vma_owner_revoke(permanent)
{
	vma_owner_revoke_begin(permanent);
	vma_owner_revoke_drain();
	d_step {
		taken++;
		assert(!pte);
		FOR_EACH_PIN(j)
			assert(!extents[j]);
			assert(!permanent || !pinned[j] || !pin_ref[j]);
		NEXT_PIN(j)
	}
}

inline vma_owner_restore()
{
	d_step { taken--; begun-- };
	mutex_lock(R_LOCK);
	assert(nested > 0);
	nested--;
	if
	:: nested || gone
	:: else ->
		write_mark(false);
		FOR_EACH_PIN(j)
			if
			:: linked[j] ->
				vma_pin_restore(j)
			:: else
			fi;
		NEXT_PIN(j)
	fi;
	mutex_unlock(R_LOCK)
}

/* ------------------------------------------------------------------------ */
/* models: drivers/dma-buf/vma-pin.c */

inline vma_pin_fill_extents(i)
{
	d_step {
		assert(pin_ref[i] && !obj_freed);
		assert(!taken);		/* no access once revoke has returned */
		extents[i] = true
	}
}

inline vma_pin_drop_extents(i)
{
	d_step {
		assert(extents[i]);
		assert(pin_ref[i] && !obj_freed);
		extents[i] = false
	}
}

inline vma_pin_get_extents(i, ok)
{
	assert(!extents[i]);		/* -EBUSY, the importer's mistake */
	vma_pin_map_begin(i, ok);
	if
	:: ok -> vma_pin_fill_extents(i)
	:: else
	fi
}

inline vma_pin_put_extents(i)
{
	if
	:: extents[i] ->
		vma_pin_drop_extents(i);
		vma_pin_map_end(i)
	:: else
	fi
}

/* ------------------------------------------------------------------------ */
/* models: mm/tests/vma_owner_kunit.c */

inline vo_imp_undo(i)
{
	if
	:: mapped[i] -> vma_pin_put_extents(i)
	:: else
	fi;
	mapped[i] = false
}

inline vo_imp_map(i, ok)
{
	mutex_lock(LEAF(i));
	d_step { want[i] = true; again[i] = false; busy[i] = !mapped[i] };
	mutex_unlock(LEAF(i));
	do
	:: !busy[i] -> break
	:: else ->
		vma_pin_get_extents(i, ok);
		mutex_lock(LEAF(i));
		d_step { mapped[i] = ok; busy[i] = !ok && again[i]; again[i] = false };
		if
		:: stopped[i] -> vo_imp_undo(i)
		:: else
		fi;
		mutex_unlock(LEAF(i))
	od
}

inline vo_imp_unmap(i)
{
	mutex_lock(LEAF(i));
	want[i] = false;
	vo_imp_undo(i);
	mutex_unlock(LEAF(i))
}

/* After unpin has been called nobody queues it: there is nothing to undo */
proctype vo_imp_work(byte i)
{
	bool zero;
	byte k, n;

	do
	:: atomic { queued -> queued = false; running = true };
		assert(!pin_freed[i]);
		mutex_lock(LEAF(i));
		if
		:: stopped[i] -> vo_imp_undo(i)
		:: else
		fi;
		mutex_unlock(LEAF(i));
		running = false
	:: all_done -> break
	od
}

inline vo_imp_stop(i)
{
	mutex_lock(LEAF(i));
	d_step { stopped[i] = true; failed[i] = false };
	if
	:: BY_WORK && i == 0 ->
		if
		:: mapped[i] -> queued = true
		:: else
		fi
	:: else -> vo_imp_undo(i)
	fi;
	mutex_unlock(LEAF(i))
}

inline vo_imp_invalidate(i)
{
	assert(!pin_freed[i]);
	vo_imp_stop(i);
	assert(!pin_freed[i])
}

inline vo_imp_restore(i)
{
	assert(!pin_freed[i]);
	mutex_lock(LEAF(i));
	if
#ifdef RESTORE_FAILS
	:: failed[i] = true
#endif
	:: d_step { stopped[i] = false; failed[i] = false };
		if
		:: busy[i] -> again[i] = true
		:: !busy[i] && want[i] && !mapped[i] ->
			vma_pin_get_extents(i, ok);
			mapped[i] = ok;
			ok = false
		:: else
		fi
	fi;
	/* Nobody who waits for the memory is forgotten */
	assert(!want[i] || mapped[i] || busy[i] || failed[i]);
	mutex_unlock(LEAF(i))
}

/* ------------------------------------------------------------------------ */
/* models: mm/vma_owner.c */

proctype vma_unpin_work(byte i)
{
	bool had, zero;
	byte k, n;

	if
	:: deferred ->
		vma_unpin(i);
		atomic { pin_freed[i] = true; importers-- }
	:: all_done
	fi
}

proctype vma_pins_show()
{
	byte i, n;

	mutex_lock(PINS_LOCK);
	FOR_EACH_PIN(i)
		if
		:: listed[i] ->
			assert(!pin_freed[i]);
			if
			:: pin_ref[i] -> assert(!obj_freed)	/* its name */
			:: else
			fi
		:: else
		fi;
	NEXT_PIN(i);
	mutex_unlock(PINS_LOCK);
	others--
}

/* ------------------------------------------------------------------------ */
/* models: nothing of ours, who is there */

proctype importer(byte i)
{
	bool ok, had, zero;
	byte k, n;

	vma_pin_user(i, ok);
	if
	:: ok ->
		vo_imp_map(i, ok);
		if
		:: REMAPS -> vo_imp_unmap(i); vo_imp_map(i, ok)
		:: true
		fi;
		ok = false;
		settled++;
		if
		:: true				/* leave whenever */
		:: true -> let_go		/* or stay to the end */
		fi;
		if
		:: BY_WORK && i == 0 ->
			vo_imp_unmap(i);
			!queued && !running		/* flush_work() */
		:: else
		fi;
		if
		:: DEFERRED && i == 0 -> vma_unpin_deferred()
		:: else ->
			vma_unpin(i);
			atomic { pin_freed[i] = true; importers-- }
		fi
	:: else ->
		d_step { pin_freed[i] = true; settled++; importers-- }
	fi
}

inline exporter_put()
{
	atomic {
		exporters--;
		if
		:: exporters == 0 -> obj_put()
		:: else
		fi
	}
}

proctype temporary()
{
	bool ok, news, had, zero, was_gone;
	byte j, k, n;

	vma_owner_revoke(false);
	vma_owner_restore();
	exporter_put()
}

proctype permanent()
{
	bool ok, news, had, zero, was_gone;
	byte j, k, n;

	vma_owner_revoke(true);
	exporter_put()
}

proctype closes()
{
	byte k, n;

	exporter_put()
}

proctype mapper()
{
	bool ok;
	byte faults, n;

	do
	:: faults < FAULTS ->
		faults++;
		vma_lock_at();
		if
		:: vma ->
			vma_owner_fault_enter(ok);
			if
			:: ok ->
				assert(!obj_freed);
				d_step {
					assert(!begun);	/* no late PTE */
					pte = true
				};
				vma_owner_fault_exit()
			:: else
			fi
		:: else
		fi;
		vma_unlock();
		ok = false
	:: else -> break
	od;
	others--
}

inline munmap()
{
	atomic { vma_readers == 0 && !vma_writer -> vma_writer = true };
	d_step { vma = false; pte = false };
	vma_writer = false;
#ifdef VMA_HOLDS
	obj_put()
#else
	vma_owner_revoke_put()
#endif
}

proctype unmapper()
{
	byte k, n;

	munmap();
	others--
}

init
{
	byte k, n;

	atomic {
		obj_refs = HOLDS + (EXPORTERS > 0);
		r_refs = 1 + !HOLDS;
		run importer(0);
#if IMPORTERS > 1
		run importer(1);
#endif
#if TEMPORARY > 0
		run temporary();
#endif
#if TEMPORARY > 1
		run temporary();
#endif
#if PERMANENT
		run permanent();
#endif
#if CLOSES
		run closes();
#endif
#if FAULTS
		run mapper();
#endif
#if MUNMAP
		run unmapper();
#endif
#if SHOW
		run vma_pins_show();
#endif
#if BY_WORK
		run vo_imp_work(0);
#endif
#if DEFERRED
		run vma_unpin_work(0)
#endif
	};

	/* All revokes are over: who stays has its mapping, unless it is gone */
	exporters == 0 && settled == IMPORTERS;
	atomic {
		FOR_EACH_PIN(k)
			assert(!pinned[k] || gone || !want[k] || mapped[k] || failed[k]);
		NEXT_PIN(k);
		let_go = true
	};

	importers == 0 && others == 0;
#if !MUNMAP
	munmap();
#endif
	assert(obj_refs == 0 && obj_freed);
	assert(r_refs == 0 && r_freed);
	assert(live == 0 && !queued);
	all_done = true
}
