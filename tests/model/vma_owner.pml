/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pins and revokes of mm/vma_owner.c, for spin. tests/model/run runs it.
 *
 * After a line "models: FILE" every inline and proctype bears the name of a
 * function of that file and takes its steps in its order; tests/model/run checks that
 * the names exist. One step is one access to shared memory. Locks and reference
 * counts are taken to be what the kernel says they are.
 *
 * A scenario (the file scenarios) chooses by -D who is there:
 *
 * IMPORTERS=n		with a pin each; importer 0 unpins by a work item if
 *			DEFERRED
 * ACCESSES=n		accesses of a second thread of importer 0, entered
 * TEMPORARY=n		exporters that revoke and restore
 * EARLY		another may restore before they have drained; 2: does
 * PERMANENT		one that revokes for good
 * CLOSES		one that only lets go of the object
 * FAULTS=n		page faults of the mapper
 * MUNMAP		the mapper goes away; without it, the VMA stays till the end
 * VMA_HOLDS		the VMA holds the object; without it, the handle alone
 * SHOW			somebody reads debugfs
 * KILLS		fatal signals
 * EAGER		importers want their mapping before they have mapped
 * RESTORE_FAILS	an importer may fail to map again
 * REMAPS		an importer may undo its mapping and map for another device
 * VMAPS		importers map for the kernel as well, and access that
 * LATE			what is not ordered may be seen late, and in any order
 */
#ifndef IMPORTERS
#define IMPORTERS	1
#endif
#ifndef ACCESSES
#define ACCESSES	0
#endif
#ifndef TEMPORARY
#define TEMPORARY	0
#endif
#ifndef EARLY
#define EARLY		0
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
#ifndef DEFERRED
#define DEFERRED	0
#endif
#ifndef REMAPS
#define REMAPS		0
#endif
#ifndef EAGER
#define EAGER		0
#endif
#ifndef VMAPS
#define VMAPS		0
#endif
#ifdef VMA_HOLDS
#define HOLDS		1
#else
#define HOLDS		0
#endif
#define EXPORTERS	(TEMPORARY + (EARLY > 0) + PERMANENT + CLOSES)
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
byte pending;
byte nested;
bool gone;
bool marked;
byte r_readers;			/* the rw_semaphore */
byte r_writer;			/* the process that holds it, + 1 */
byte r_waiting;			/* writers, for whom readers wait */
bool waits[PROCS];		/* on the wait queue of &pending */

/* struct vma_pin */
bool pin_ref[IMPORTERS];	/* ref.ops */
bool pin_revoke[IMPORTERS];
bool linked[IMPORTERS];		/* revoke_node */
bool listed[IMPORTERS];		/* node */
byte users[IMPORTERS];		/* without the sign */
bool closed[IMPORTERS];		/* the sign: VMA_PIN_CLOSED */
bool let_in[IMPORTERS];		/* flags: VMA_PIN_TAKEN */
bool maps[IMPORTERS];

/* struct pin_maps */
byte dev[IMPORTERS];
bool sgt[IMPORTERS];		/* the device reaches the memory */
bool vaddr[IMPORTERS];		/* so does the CPU */

/* struct importer_buf */
bool want[IMPORTERS];
bool device[IMPORTERS];		/* runs */

/* The process that holds each lock, + 1 */
#define SHARD_LOCK	0
#define PINS_LOCK	1
byte lock[2];
bool list_busy;			/* r->pins is being changed */

/* What the model alone knows */
byte sgt_dev[IMPORTERS];	/* what the table was made for */
bool filled[IMPORTERS];		/* what vaddr leads to is there */
bool calling[IMPORTERS];	/* a mapping call */
bool called[IMPORTERS];		/* a callback */
bool undoing[IMPORTERS];
byte inside[IMPORTERS];		/* accesses that were let in */
bool there[IMPORTERS];		/* the pin has been made */
bool left[IMPORTERS];		/* no access begins any more */
byte readers[IMPORTERS];	/* threads that access */
bool pinned[IMPORTERS];		/* from linked to unlinked by unpin */
bool pin_freed[IMPORTERS];
bool failed[IMPORTERS];		/* could not map, the next restore may */
byte lifts;			/* how often the mark was lifted */
byte begun;			/* revokes that closed all pins, not restored */
byte taken;			/* revokes returned and not restored */
byte settled;			/* importers that wait for let_go, or are gone */
bool let_go;
byte early;			/* revokes for the restorer to end */
byte exporters = EXPORTERS;
byte others = SHOW + MUNMAP + (FAULTS > 0);
byte importers = IMPORTERS;
bool deferred;
bool all_done;

#define FOR_EACH_PIN(i)	i = 0; do :: i < IMPORTERS ->
#define NEXT_PIN(i)	i++ :: else -> break od; i = 0

/* ------------------------------------------------------------------------ */
/* models: nothing of ours, the kernel's primitives */

#ifdef LATE
/*
 * A process sees its own writes at once. The others see them later, and each at
 * its own time: plain ones, and atomics that return nothing. Before a full
 * barrier or a release is over they see all that came before.
 */
byte late_pending[PROCS];
byte late_closed[PROCS];	/* of which pin, + 1; so are the next */
byte late_stop[PROCS];
byte late_undo[PROCS];
byte late_fill[PROCS];
byte late_vaddr[PROCS];

#define LATE_PENDING(p) \
	pending = pending + late_pending[p]; late_pending[p] = 0
#define LATE_SET(p, late, what, v) \
	what[(late[p] -> late[p] - 1 : 0)] = (late[p] -> v : what[0]); late[p] = 0

inline written()
{
	LATE_PENDING(_pid);
	LATE_SET(_pid, late_closed, closed, true);
	LATE_SET(_pid, late_stop, device, false);
	LATE_SET(_pid, late_undo, sgt, false);
	LATE_SET(_pid, late_fill, filled, true);
	LATE_SET(_pid, late_vaddr, vaddr, true)
}

#define LATER			true	/* one may enter before the close is seen */
#define write(what, i, late, v)	late[_pid] = (i) + 1
#define add_pending()		late_pending[_pid] = late_pending[_pid] + 1

#define WRITTEN(p) \
	:: atomic { late_pending[p] -> LATE_PENDING(p) } \
	:: atomic { late_closed[p] -> LATE_SET(p, late_closed, closed, true) } \
	:: atomic { late_stop[p] -> LATE_SET(p, late_stop, device, false) } \
	:: atomic { late_undo[p] -> LATE_SET(p, late_undo, sgt, false) } \
	:: atomic { late_fill[p] -> LATE_SET(p, late_fill, filled, true) } \
	:: atomic { late_vaddr[p] -> LATE_SET(p, late_vaddr, vaddr, true) }

active proctype memory()
{
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
#define LATER			false
#define written()		skip
#define write(what, i, late, v)	what[i] = v
#define add_pending()		pending++
#endif

inline spin_lock(l)
{
	atomic { lock[l] == 0 -> lock[l] = _pid + 1 }
}

inline spin_unlock(l)
{
	d_step { written(); assert(lock[l] == _pid + 1); lock[l] = 0 }
}

inline down_read()
{
	atomic { !r_writer && !r_waiting -> assert(!r_freed); r_readers++ }
}

inline down_read_killable(ok)
{
	if
	:: atomic {
		!r_writer && !r_waiting ->
		assert(!r_freed);
		r_readers++;
		ok = true
	   }
#ifdef KILLS
	:: ok = false
#endif
	fi
}

inline up_read()
{
	d_step { written(); assert(!r_freed && r_readers > 0); r_readers-- }
}

inline down_write()
{
	d_step { assert(!r_freed); r_waiting++ };
	atomic {
		!r_writer && !r_readers ->
		r_waiting--;
		r_writer = _pid + 1
	}
}

inline up_write()
{
	d_step { written(); assert(!r_freed && r_writer == _pid + 1); r_writer = 0 }
}

/* Sleeps once it is queued and the condition is still false */
#define DRAINED	(pending == 0 || lifts != lifts_then)

inline wait_var_event()
{
	do
	:: DRAINED -> break
	:: else ->
		waits[_pid] = true;
		if
		:: DRAINED -> waits[_pid] = false; break
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

inline list_change(i, v)
{
	d_step { assert(!list_busy); list_busy = true };
	d_step { linked[i] = v; list_busy = false }
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
			FOR_EACH_PIN(k)
				assert(!sgt[k] && !vaddr[k] && !device[k]);
			NEXT_PIN(k);
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
			assert(pending == 0 && !r_readers && !r_writer);
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
	atomic { lock[SHARD_LOCK] == 0 -> listed[i] = true }
}

inline vma_pin_unlist(i)
{
	atomic { lock[SHARD_LOCK] == 0 -> listed[i] = false }
}

inline vma_pin_take_ref(i, had)
{
	atomic {
		lock[SHARD_LOCK] == 0 ->
		had = pin_ref[i];
		pin_ref[i] = false
	}
}

inline vma_pin_link(i, ok)
{
	assert(!r_freed);
	down_read_killable(ok);
	if
	:: ok ->
		ok = !marked;
		if
		:: ok ->
			d_step {
				assert(!begun);	/* no pin of revoked memory */
				r_refs++;
				pin_revoke[i] = true
			};
			vma_pin_list(i);
			pinned[i] = true;
			spin_lock(PINS_LOCK);
			list_change(i, true);
			spin_unlock(PINS_LOCK)
		:: else
		fi;
		up_read()
	:: else
	fi
}

inline vma_pin_unlink(i)
{
	spin_lock(PINS_LOCK);
	list_change(i, false);
	spin_unlock(PINS_LOCK)
}

inline vma_pin_object(i, ok)
{
	pin_ref[i] = true;
	assert(!obj_freed);	/* asked for its handle */
	vma_pin_link(i, ok);
	if
	:: !ok ->
		pin_ref[i] = false;
		vma_owner_ref_put()
	:: else
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

inline vma_unpin(i)
{
	down_read();
	pinned[i] = false;
	vma_pin_release(i);		/* pin->maps->release() */
	vma_pin_unlink(i);
	up_read();
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

inline vma_pin_revoke_lock(i, ok)
{
	assert(pin_revoke[i]);
	down_read_killable(ok)
}

inline vma_pin_revoke_unlock(i)
{
	up_read()
}

inline vma_pin_may_map(i, ok)
{
	ok = !marked
}

/* A cmpxchg() that finds something else orders nothing */
inline vma_pin_mapped(i)
{
	d_step {
		if
		:: closed[i] && users[i] == 0 -> written(); closed[i] = false
		:: else
		fi
	}
}

inline vma_pin_enter(i, ok)
{
	d_step {
		assert(!pin_freed[i]);
		ok = !closed[i];
		if
		:: ok ->
			assert(!begun || LATER);	/* no drain is prolonged */
			written();
			users[i]++;
			inside[i]++
		:: else
		fi
	}
}

inline vma_pin_restore(i)
{
	importer_restore(i)
}

inline vma_owner_lift()
{
	if
	:: nested || gone || pending
	:: else ->
		marked = false;
		lifts++;
		FOR_EACH_PIN(j)
			if
			:: linked[j] -> vma_pin_restore(j)
			:: else
			fi;
		NEXT_PIN(j)
	fi
}

inline vma_pin_exit(i)
{
	d_step {
		assert(!pin_freed[i] && users[i] > 0);
		written();
		users[i]--;
		last = closed[i] && users[i] == 0
	};
	if
	:: last ->
		down_write();		/* nobody maps, undoes or reads meanwhile */
		vma_pin_undo(i);	/* pin->maps->undo() */
		d_step {
			written();
			assert(!r_freed && pin_revoke[i] && pending > 0);
			pending--;
			last = pending == 0
		};
		if
		:: last -> wake_up_var()
		:: else
		fi;
		vma_owner_lift();
		up_write()
	:: else
	fi;
	last = false
}

inline vma_owner_fault_enter(ok)
{
	assert(!r_freed);
	down_read_killable(ok);
	if
	:: ok ->
		ok = !nested && !gone;
		if
		:: !ok -> up_read()
		:: else
		fi
	:: else
	fi
}

inline vma_owner_fault_exit()
{
	up_read()
}

inline vma_pin_invalidate(i)
{
	importer_invalidate(i)
}

inline vma_pin_close(i)
{
	d_step {
		assert(!pin_freed[i]);
		if
		:: !closed[i] -> written(); users[i]++; let_in[i] = true
		:: else
		fi
	};
	if
	:: let_in[i] ->
		add_pending();
		write(closed, i, late_closed, true)
	:: else
	fi
}

inline vma_pin_take_back(i)
{
	vma_pin_invalidate(i);
	if
	:: let_in[i] ->
		let_in[i] = false;
		d_step {
			assert(!pin_freed[i] && users[i] > 0);
			written();
			users[i]--;
			last = closed[i] && users[i] == 0
		};
		if
		:: last ->
			vma_pin_undo(i);	/* pin->maps->undo() */
			d_step {
				written();
				assert(pending > 0);
				pending--;
				last = pending == 0
			};
			/* a drain that begins late may sleep by now */
			if
			:: last -> wake_up_var()
			:: else
			fi
		:: else
		fi;
		last = false
	:: else
	fi
}

inline vma_owner_revoke_begin(permanent)
{
	assert(!r_freed);
	down_write();
	if
	:: permanent -> news = !gone; gone = true
	:: else -> news = !nested && !gone; nested++
	fi;
	if
	:: news ->
		marked = true;
		FOR_EACH_PIN(j)
			if
			:: linked[j] -> vma_pin_close(j)
			:: else
			fi;
		NEXT_PIN(j);
		begun++;	/* the drain waits for nobody else */
		pte = false;	/* zap */
		FOR_EACH_PIN(j)
			if
			:: linked[j] -> vma_pin_take_back(j)
			:: else
			fi;
		NEXT_PIN(j)
	:: else -> begun++
	fi;
	assert(!pte);
	up_write()
}

inline vma_owner_drop()
{
	do
	:: down_write();
		atomic {
			j = 0;
			do
			:: j < IMPORTERS && !linked[j] -> j++
			:: else -> break
			od
		};
		if
		:: j < IMPORTERS ->
			vma_pin_unlink(j);
			vma_pin_take_ref(j, had)
		:: else
		fi;
		up_write();
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

inline vma_owner_wait()
{
	down_read();
	lifts_then = lifts;
	up_read();
	wait_var_event()
}

inline vma_owner_revoke_drain()
{
	vma_owner_wait();
	down_read();
	drop = gone && pending == 0;
	up_read();
	if
	:: drop -> vma_owner_drop()
	:: else
	fi;
	d_step { drop = false; lifts_then = 0 }
}

inline vma_owner_revoke(permanent)
{
	vma_owner_revoke_begin(permanent);
	vma_owner_revoke_drain();
	d_step {
		taken++;
		assert(!pte);
		FOR_EACH_PIN(j)
			assert(!sgt[j] && !vaddr[j] && !device[j] && !inside[j]);
			assert(!permanent || !pinned[j] || !pin_ref[j]);
		NEXT_PIN(j)
	}
}

inline vma_owner_restore()
{
	down_write();
	assert(nested > 0);	/* it warns */
	d_step { nested--; begun-- };
	vma_owner_lift();
	up_write()
}

/* ------------------------------------------------------------------------ */
/* models: drivers/dma-buf/vma-pin.c */

inline maps_get(i)
{
	if
	:: !maps[i] -> d_step { assert(!maps[i]); maps[i] = true }
	:: else
	fi
}

inline vma_pin_lock(i, ok)
{
	vma_pin_revoke_lock(i, ok)
}

inline vma_pin_unlock(i)
{
	vma_pin_revoke_unlock(i)
}

/* Restore maps by @dev as well */
inline vma_pin_attach(i, d, ok)
{
	vma_pin_lock(i, ok);
	if
	:: ok ->
		maps_get(i);
		if
		:: sgt[i] -> ok = dev[i] == d
		:: else -> dev[i] = d
		fi;
		vma_pin_unlock(i)
	:: else
	fi
}

inline vma_pin_map_extents(i)
{
	d_step {
		assert(pin_ref[i] && !obj_freed && !undoing[i]);
		assert(!taken);		/* no access once revoke has returned */
		sgt_dev[i] = dev[i];
		sgt[i] = true
	}
}

inline vma_pin_unmap_extents(i)
{
	d_step {
		assert(!device[i] && !inside[i]);
		assert(pin_ref[i] && !obj_freed);
		assert(sgt_dev[i] == dev[i]);
		write(sgt, i, late_undo, false)
	}
}

/* -EBUSY is the importer's mistake, and looked for where nobody undoes */
inline vma_pin_map_dma(i, ok)
{
	vma_pin_may_map(i, ok);
	if
	:: ok ->
		assert(!sgt[i] && maps[i] && dev[i]);
		vma_pin_map_extents(i);
		vma_pin_mapped(i)
	:: else
	fi
}

inline vma_pin_dma_table(i, ok)
{
	ok = !closed[i];
	if
	:: ok -> ok = sgt[i]
	:: else
	fi
}

inline vma_pin_undo_dma(i)
{
	if
	:: sgt[i] -> vma_pin_unmap_extents(i)
	:: else
	fi
}

inline vma_pin_unmap_dma(i)
{
	vma_pin_undo_dma(i)
}

inline vma_pin_vmap_any(i)
{
	d_step {
		assert(pin_ref[i] && !obj_freed && !undoing[i]);
		assert(!taken);
		write(filled, i, late_fill, true)
	}
}

/* smp_store_release(): after what it leads to */
inline vma_pin_vmap(i, ok)
{
	maps_get(i);
	vma_pin_may_map(i, ok);
	if
	:: ok ->
		assert(!vaddr[i]);
		vma_pin_vmap_any(i);
		written();
		write(vaddr, i, late_vaddr, true);
		vma_pin_mapped(i)
	:: else
	fi
}

inline vma_pin_vaddr(i, ok)
{
	ok = !closed[i];
	if
	:: ok -> ok = vaddr[i]
	:: else
	fi
}

inline vma_pin_undo_vmap(i)
{
	if
	:: vaddr[i] ->
		d_step {
			assert(!inside[i]);
			assert(pin_ref[i] && !obj_freed);
			vaddr[i] = false;
			filled[i] = false
		}
	:: else
	fi
}

inline vma_pin_sync(i, ok)
{
	vma_pin_lock(i, ok);
	if
	:: ok ->
		vma_pin_may_map(i, ok);
		if
		:: ok && sgt[i] ->
			assert(sgt[i] && !undoing[i])	/* its entries */
		:: else
		fi;
		vma_pin_unlock(i)
	:: else
	fi
}

inline vma_pin_undo(i)
{
	d_step {
		assert(maps[i] && !undoing[i] && !calling[i]);
		undoing[i] = true
	};
	vma_pin_undo_dma(i);
#if VMAPS
	vma_pin_undo_vmap(i);
#endif
	d_step { assert(!calling[i]); undoing[i] = false }
}

inline vma_pin_release(i)
{
	device[i] = false;		/* the importer's own duty */
	if
	:: maps[i] ->
		vma_pin_undo(i);
		maps[i] = false
	:: else
	fi
}

/* ------------------------------------------------------------------------ */
/* models: samples/vma_owner/vma_owner_importer.c */

/* Maps what is wanted and not there, and starts the device */
inline importer_map(i, ok)
{
	vma_pin_dma_table(i, ok);
	if
	:: !ok -> vma_pin_map_dma(i, ok)
	:: else
	fi;
#if VMAPS
	if
	:: ok ->
		vma_pin_vaddr(i, ok);
		if
		:: !ok -> vma_pin_vmap(i, ok)
		:: else
		fi
	:: else
	fi;
#endif
	if
	:: ok -> d_step { assert(sgt[i] && !begun); device[i] = true }
	:: else
	fi
}

inline importer_unmap(i)
{
	device[i] = false;
	vma_pin_unmap_dma(i);
#if VMAPS
	vma_pin_undo_vmap(i)
#endif
}

inline importer_invalidate(i)
{
	d_step {
		assert(!calling[i] && !called[i] && !pin_freed[i]);
		called[i] = true
	};
	write(device, i, late_stop, false);
	d_step {
		assert(!calling[i] && !pin_freed[i]);
		called[i] = false;
		failed[i] = false
	}
}

inline importer_restore(i)
{
	d_step {
		assert(!calling[i] && !called[i] && !pin_freed[i]);
		called[i] = true
	};
	if
#ifdef RESTORE_FAILS
	:: failed[i] = true
#endif
	:: want[i] && dev[i] ->
		importer_map(i, ok);
		assert(ok);
		ok = false
	:: !want[i] || !dev[i]
	fi;
	d_step { assert(!calling[i] && !pin_freed[i]); called[i] = false }
}

inline importer_change(i, d, ok)
{
	if
	:: d -> vma_pin_attach(i, d, ok)
	:: else -> ok = true
	fi;
	if
	:: ok -> vma_pin_lock(i, ok)
	:: else
	fi;
	if
	:: ok ->
		d_step {
			assert(!called[i]);
			calling[i] = true;
			want[i] = true
		};
		if
		:: d -> importer_map(i, ok)
		:: else -> importer_unmap(i)
		fi;
		/* What is mapped stays so till the unlock */
		d_step { assert(!ok || !d || sgt[i]); calling[i] = false };
		vma_pin_unlock(i)
	:: else -> failed[i] = true
	fi
}

/* By a thread of its own: an access that invalidate does not stop */
inline importer_copy(i, ok)
{
	vma_pin_enter(i, ok);
	if
	:: ok ->
#if VMAPS
		vma_pin_vaddr(i, ok);
		assert(!ok || vaddr[i] && filled[i]);
#else
		vma_pin_dma_table(i, ok);
#endif
		d_step {
			assert(!ok || !obj_freed && !taken);
			assert(!ok || (VMAPS -> vaddr[i] : sgt[i]));
			inside[i]--
		};
		vma_pin_exit(i)
	:: else
	fi
}

inline importer_unpin(i)
{
	vma_unpin(i);
	atomic { pin_freed[i] = true; importers-- }
}

/* ------------------------------------------------------------------------ */
/* models: mm/vma_owner.c */

proctype vma_unpin_work(byte i)
{
	bool had;
	byte k;

	if
	:: deferred -> importer_unpin(i)
	:: all_done
	fi
}

proctype vma_pins_show()
{
	byte i;

	spin_lock(SHARD_LOCK);
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
	spin_unlock(SHARD_LOCK);
	others--
}

/* ------------------------------------------------------------------------ */
/* models: nothing of ours, who is there */

proctype importer(byte i)
{
	bool ok, had;
	byte k;

	want[i] = EAGER;
	vma_pin_user(i, ok);
	if
	:: ok ->
		there[i] = true;
		importer_change(i, 1, ok);
		if
		:: ACCESSES && i == 0 ->
			vma_pin_sync(i, ok);
			importer_change(i, 1, ok)
		:: else
		fi;
		if
		:: REMAPS ->
			importer_change(i, 0, ok);
			importer_change(i, 2, ok)
		:: true
		fi;
		ok = false;
		settled++;
		if
		:: true				/* leave whenever */
		:: true -> let_go		/* or stay to the end */
		fi;
		left[i] = true;
		readers[i] == 0;
		if
		:: DEFERRED && i == 0 -> vma_unpin_deferred()
		:: else -> importer_unpin(i)
		fi
	:: else ->
		d_step { left[i] = true; pin_freed[i] = true; settled++; importers-- }
	fi
}

proctype reader(byte i)
{
	bool ok, last;
	byte j, k, accesses;

	there[i] || left[i];
	do
	:: accesses < ACCESSES && !left[i] -> accesses++; importer_copy(i, ok)
	:: break
	od;
	readers[i]--
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
	bool ok, news, had, last, drop;
	byte j, k, lifts_then;

	if
#if EARLY
	:: vma_owner_revoke_begin(false);
		early++;
		vma_owner_revoke_drain()
#endif
#if EARLY < 2
	:: vma_owner_revoke(false);
		taken--;
		vma_owner_restore()
#endif
	fi;
	exporter_put()
}

#if EARLY
/* Restores while the one that revoked drains */
proctype restorer()
{
	bool ok, had, last;
	byte j, k;

	do
	:: atomic { early -> early-- }; vma_owner_restore()
	:: exporters == 1 && !early -> break
	od;
	exporter_put()
}
#endif

proctype permanent()
{
	bool ok, news, had, last, drop;
	byte j, k, lifts_then;

	vma_owner_revoke(true);
	exporter_put()
}

proctype closes()
{
	byte k;

	exporter_put()
}

proctype mapper()
{
	bool ok;
	byte faults;

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
	byte k;

	munmap();
	others--
}

init
{
	byte k;

	atomic {
		obj_refs = HOLDS + (EXPORTERS > 0);
		r_refs = 1 + !HOLDS;
		FOR_EACH_PIN(k) closed[k] = true; NEXT_PIN(k);
		run importer(0);
#if IMPORTERS > 1
		run importer(1);
#endif
#if ACCESSES
		readers[0] = 1;
		run reader(0);
#endif
#if TEMPORARY > 0
		run temporary();
#endif
#if TEMPORARY > 1
		run temporary();
#endif
#if EARLY
		run restorer();
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
#if DEFERRED
		run vma_unpin_work(0)
#endif
	};

	/* All revokes are over: who stays has its mapping, unless it is gone */
	exporters == 0 && settled == IMPORTERS && pending == 0 && !r_writer;
	atomic {
		FOR_EACH_PIN(k)
			assert(!pinned[k] || gone || !want[k] || sgt[k] || failed[k]);
		NEXT_PIN(k);
		let_go = true
	};

	importers == 0 && others == 0;
#if !MUNMAP
	munmap();
#endif
	assert(obj_refs == 0 && obj_freed);
	assert(r_refs == 0 && r_freed);
	assert(pending == 0);
	all_done = true
}
