// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests for VMA owners: callbacks, locks, and where a pin may end.
 */
#include <linux/sched/signal.h>
#include <linux/timer.h>
#include "vma_owner_kunit.h"

/* ------------------------------------------------------------------------- */
/* 7. Static or revocable                                                    */

static void c7_static_importer_of_revocable(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_map(obj);

	vo_expect_refused(imp, vo_pin(imp, addr, VO_SIZE), -EOPNOTSUPP);
	vo_expect_refused(imp, vo_prefix(imp, addr, VO_SIZE), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, vo_held(obj), 0);
}

static void c7_revocable_importer_of_static(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);

	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), 0);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_invalidate), 0);
}

/* The memory of a dma-buf is revoked by its exporter alone */
static void c7_dmabuf_hides_revocable(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp;

	obj->ops.get_dmabuf = vo_get_dmabuf;
	imp = vo_pinned_dev(obj, VO_STATIC);
	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	vo_expect_dma(imp, vma_pin_map_dma_unlocked(&imp->pin, imp->dev, DMA_TO_DEVICE),
		      obj->pages, 0, VO_SIZE);
	vma_owner_restore(obj->revoke);
	vma_unpin(&imp->pin);
}

static void c7_static_importer_attaches_statically(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);

	vma_pin_map_dma_unlocked(&imp->pin, imp->dev, DMA_TO_DEVICE);
	KUNIT_EXPECT_FALSE(test, obj->dynamic);
	KUNIT_EXPECT_EQ(test, vo_n(obj, pin), 1);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, unpin), 1);
}

static void c7_revocable_importer_attaches_dynamically(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_IOMMUFD);

	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), 0);
	KUNIT_EXPECT_TRUE(test, obj->dynamic);
	KUNIT_EXPECT_FALSE(test, obj->peer2peer);
	KUNIT_EXPECT_EQ(test, vo_n(obj, pin), 0);
	vma_unpin(&imp->pin);
}

static void c7_peer_to_peer_is_passed_on(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_IOMMUFD);

	imp->client.peer2peer = true;
	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), 0);
	KUNIT_EXPECT_TRUE(test, obj->peer2peer);
	vma_unpin(&imp->pin);
}

static void c7_move_undoes_and_maps_again(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_IOMMUFD);

	imp->by_work = true;
	KUNIT_ASSERT_EQ(test, vo_imp_map(imp), 0);
	vo_move(obj, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_invalidate), 1);
	KUNIT_EXPECT_EQ(test, imp->why, VMA_OWNER_MOVED);
	KUNIT_EXPECT_EQ(test, vo_n(obj, unmap), 1);
	swap(obj->pages[0], obj->pages[1]);
	complete(&imp->go);
	flush_work(&imp->work);
	KUNIT_EXPECT_EQ(test, imp->remap_ret, 0);
	vo_expect_dma(imp, vma_pin_dma_table(&imp->pin), obj->pages, 0, VO_SIZE);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, unmap), 2);
}

static void c7_move_of_a_part(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_IOMMUFD);

	KUNIT_ASSERT_EQ(test, vo_pin(imp, vo_map(obj) + 100, 200), 0);
	KUNIT_ASSERT_EQ(test, vo_imp_map(imp), 0);
	vo_move(obj, 0);
	KUNIT_EXPECT_EQ(test, vo_n(obj, unmap), 1);
	KUNIT_EXPECT_NULL(test, vma_pin_dma_table(&imp->pin));
	vma_unpin(&imp->pin);
}

static void c7_move_away_for_good(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_IOMMUFD);

	imp->by_work = true;
	KUNIT_ASSERT_EQ(test, vo_imp_map(imp), 0);
	complete(&imp->go);
	vo_move(obj, -ENODEV);
	flush_work(&imp->work);
	KUNIT_EXPECT_EQ(test, imp->remap_ret, -ENODEV);
	KUNIT_EXPECT_EQ(test, vo_n(obj, unmap), 1);
	vma_unpin(&imp->pin);
}

static void c7_move_before_mapping(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_IOMMUFD);

	KUNIT_ASSERT_EQ(test, vo_imp_map(imp), 0);
	vo_imp_unmap(imp);
	vo_move(obj, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_invalidate), 1);
	swap(obj->pages[0], obj->pages[1]);
	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), 0);
	vo_expect_dma(imp, vma_pin_dma_table(&imp->pin), obj->pages, 0,
		      VO_SIZE);
	vma_unpin(&imp->pin);
}

static void c7_no_move_after_unpin(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_generic(test->priv);
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_IOMMUFD);
	unsigned long addr = vo_area(test->priv, VO_PAGES);

	vo_mmap_at(test->priv, obj->dmabuf->file, addr, 0, VO_PAGES,
		   PROT_READ | PROT_WRITE, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, vo_pin(imp, addr, VO_SIZE), 0);
	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), 0);
	vma_unpin(&imp->pin);
	vo_move(obj, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_invalidate), 0);
	dma_buf_put(obj->dmabuf);
}

static const struct vo_param vo_kinds[] = {
	{ "static importer", VO_STATIC }, { "dynamic importer", VO_IOMMUFD },
};

KUNIT_ARRAY_PARAM_DESC(vo_kind, vo_kinds, name);

static void c7_map_waits_for_kernel_fences(struct kunit *test)
{
	const struct vo_param *kind = test->param_value;
	struct vma_owner_mock *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, kind->value);
	struct vo_signal *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, s);
	KUNIT_ASSERT_EQ(test, vo_imp_map(imp), 0);
	vo_imp_unmap(imp);
	vo_signal_later(obj, s, DMA_RESV_USAGE_KERNEL, VO_A_WHILE);
	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), 0);
	KUNIT_EXPECT_TRUE(test, dma_fence_is_signaled(s->fence));
	vo_signal_end(s);
	vma_unpin(&imp->pin);
}

/* Any signal does, not only a fatal one; what had been mapped is undone */
static void c7_signal_ends_the_wait_for_fences(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_IOMMUFD);
	struct vo_signal *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);
	int ret;

	KUNIT_ASSERT_NOT_NULL(test, s);
	KUNIT_ASSERT_EQ(test, vo_imp_map(imp), 0);
	vo_imp_unmap(imp);
	vo_signal_later(obj, s, DMA_RESV_USAGE_KERNEL, VO_LONG);
	allow_signal(SIGUSR1);
	send_sig(SIGUSR1, current, 1);
	ret = vo_imp_map(imp);
	disallow_signal(SIGUSR1);
	flush_signals(current);
	KUNIT_EXPECT_EQ(test, ret, -ERESTARTSYS);
	KUNIT_EXPECT_FALSE(test, dma_fence_is_signaled(s->fence));
	KUNIT_EXPECT_FALSE(test, vo_is_mapped(imp));
	KUNIT_EXPECT_EQ(test, vo_n(obj, map), 2);
	KUNIT_EXPECT_EQ(test, vo_n(obj, unmap), 2);
	vo_signal_now(s);
	vo_signal_end(s);
	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), 0);
	vma_unpin(&imp->pin);
}

/* Who reads the memory does not keep others from mapping it */
static void c7_map_does_not_wait_for_readers(struct kunit *test)
{
	const struct vo_param *kind = test->param_value;
	struct vma_owner_mock *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, kind->value);
	struct vo_signal *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, s);
	KUNIT_ASSERT_EQ(test, vo_imp_map(imp), 0);
	vo_imp_unmap(imp);
	vo_signal_later(obj, s, DMA_RESV_USAGE_READ, VO_LONG);
	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), 0);
	KUNIT_EXPECT_FALSE(test, dma_fence_is_signaled(s->fence));
	vo_signal_now(s);
	vo_signal_end(s);
	vma_unpin(&imp->pin);
}

/* ------------------------------------------------------------------------- */
/* 9. Callbacks                                                              */

static void vo_invalidate_waits(struct vo_imp *imp)
{
	complete(&imp->invalidated);
	wait_for_completion(&imp->go);
}

struct vo_unpinner {
	struct work_struct	work;
	struct vo_imp		*imp;
	struct completion	done;
};

static void vo_unpinner_work(struct work_struct *work)
{
	struct vo_unpinner *u = container_of(work, struct vo_unpinner, work);

	vma_unpin(&u->imp->pin);
	complete(&u->done);
}

struct vo_syncer {
	struct work_struct	work;
	struct vo_imp		*imp;
	bool			stop;
};

static void vo_sync_work(struct work_struct *work)
{
	struct vo_syncer *s = container_of(work, struct vo_syncer, work);

	while (!READ_ONCE(s->stop)) {
		vma_pin_sync_for_cpu(&s->imp->pin);
		vma_pin_sync_for_device(&s->imp->pin);
		cond_resched();
	}
}

/* The syncs take the lock of the pin by themselves: KASAN would tell */
static void c9_sync_races_invalidate(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_TYPE1);
	struct vo_syncer s = { .imp = imp };
	int i;

	imp->use_dma = true;
	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), 0);
	INIT_WORK_ONSTACK(&s.work, vo_sync_work);
	queue_work(imp->vo->wq, &s.work);
	for (i = 0; i < VO_ROUNDS; i++) {
		vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
		KUNIT_EXPECT_FALSE(test, vo_is_mapped(imp));
		vma_owner_restore(obj->revoke);
		KUNIT_EXPECT_TRUE(test, vo_is_mapped(imp));
	}
	WRITE_ONCE(s.stop, true);
	flush_work(&s.work);
	destroy_work_on_stack(&s.work);
	vma_unpin(&imp->pin);
}

static void c9_unpin_waits_for_callback(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);
	struct vo_unpinner u = { .imp = imp };
	struct vo_revoker *rv;

	init_completion(&u.done);
	INIT_WORK_ONSTACK(&u.work, vo_unpinner_work);
	imp->in_invalidate = vo_invalidate_waits;
	rv = vo_revoker_start(obj, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_TRUE(test, vo_within(&imp->invalidated, VO_LONG));
	queue_work(imp->vo->wq, &u.work);
	KUNIT_EXPECT_FALSE(test, vo_within(&u.done, VO_A_WHILE));
	complete(&imp->go);
	flush_work(&u.work);
	flush_work(&rv->work);
	destroy_work_on_stack(&u.work);
	KUNIT_EXPECT_NULL(test, imp->pin.client);
	KUNIT_EXPECT_EQ(test, vo_held(obj), 0);
}

static void c9_no_callback_after_unpin(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);

	vma_unpin(&imp->pin);
	KUNIT_EXPECT_FALSE(test, vma_pin_is_owned(&imp->pin));
	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	vma_owner_restore(obj->revoke);
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_invalidate), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_restore), 0);
}

/* A pin of what keeps its faults out by a lock of its own */
static struct vo_imp *vo_pinned_own_lock(struct kunit *test,
					 struct vma_owner_mock *obj)
{
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);

	obj->own_lock = true;
	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), 0);
	return imp;
}

static void vo_turn_off(struct vma_owner_mock *obj)
{
	down_write(&obj->memory_lock);
	obj->off = true;
	vma_owner_revoke_begin(obj->revoke, VMA_OWNER_TEMPORARY);
	up_write(&obj->memory_lock);
}

static void vo_turn_on(struct vma_owner_mock *obj)
{
	down_write(&obj->memory_lock);
	obj->off = false;
	vma_owner_restore(obj->revoke);
	up_write(&obj->memory_lock);
}

/* The exporter's lock, which keeps its faults out as well */
static void c9_revoke_under_exporters_lock(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned_own_lock(test, obj);
	unsigned long addr = imp->pin.start;

	KUNIT_EXPECT_TRUE(test, vo_touch(addr));
	vo_turn_off(obj);
	vma_owner_revoke_drain(obj->revoke);
	KUNIT_EXPECT_FALSE(test, vo_is_mapped(imp));
	KUNIT_EXPECT_FALSE(test, vo_touch(addr));
	vo_turn_on(obj);
	KUNIT_EXPECT_TRUE(test, vo_is_mapped(imp));
	KUNIT_EXPECT_TRUE(test, vo_touch(addr));
	vma_unpin(&imp->pin);
}

/* Its faults are served again while the mark waits for who is in: zap them, too */
static void c18_faults_before_the_last_exit(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned_own_lock(test, obj);
	unsigned long addr = imp->pin.start;

	KUNIT_EXPECT_TRUE(test, vma_pin_enter(&imp->pin));
	vo_turn_off(obj);
	vo_turn_on(obj);
	KUNIT_EXPECT_TRUE(test, vo_touch(addr));
	vo_turn_off(obj);
	KUNIT_EXPECT_EQ(test, vo_n(obj, zap), 2);
	KUNIT_EXPECT_FALSE(test, vo_touch(addr));
	vma_pin_exit(&imp->pin);
	vma_owner_revoke_drain(obj->revoke);
	vo_turn_on(obj);
	KUNIT_EXPECT_TRUE(test, vo_is_mapped(imp));
	vma_unpin(&imp->pin);
}

/* The owner's, taken nowhere but in its get_extents */
static void vo_take_own_lock(struct vma_owner_mock *obj)
{
	static DEFINE_MUTEX(own);

	mutex_lock(&own);
	mutex_unlock(&own);
}

/* A lock that no callback takes may be held around all of it */
static void c9_get_extents_under_importers_lock(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_TYPE1);
	unsigned long addr = vo_map(obj);
	static DEFINE_MUTEX(outer);

	obj->in_extents = vo_take_own_lock;
	mutex_lock(&outer);
	KUNIT_EXPECT_EQ(test, vo_pin(imp, addr, VO_SIZE), 0);
	vo_expect_extents(imp, obj, 0, VO_SIZE);
	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), 0);
	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	vma_owner_restore(obj->revoke);
	vo_imp_unmap(imp);
	vma_unpin(&imp->pin);
	mutex_unlock(&outer);
}

/* The exporter makes room for what it maps: the lock of a pin in that of another */
static void vo_push_out(struct vma_owner_mock *obj)
{
	struct vma_owner_mock *other = list_last_entry(&obj->vo->objs,
						       struct vma_owner_mock,
						       node);

	KUNIT_EXPECT_TRUE(obj->test, dma_resv_trylock(other->dmabuf->resv));
	dma_buf_invalidate_mappings(other->dmabuf);
	dma_resv_unlock(other->dmabuf->resv);
}

static void c9_mapped_in_the_place_of_another(struct kunit *test)
{
	struct vma_owner_mock *a = vo_obj_dmabuf(test->priv);
	struct vma_owner_mock *b = vo_obj_dmabuf(test->priv);
	struct vo_imp *x = vo_pinned_dev(a, VO_IOMMUFD);
	struct vo_imp *y = vo_pinned(b, VO_IOMMUFD);

	y->dev = x->dev;
	y->use_dma = true;
	KUNIT_ASSERT_EQ(test, vo_imp_map(y), 0);
	a->mapped = vo_push_out;
	KUNIT_EXPECT_EQ(test, vo_imp_map(x), 0);
	KUNIT_EXPECT_TRUE(test, vo_is_mapped(x));
	KUNIT_EXPECT_EQ(test, atomic_read(&y->nr_invalidate), 1);
	KUNIT_EXPECT_FALSE(test, vo_is_mapped(y));
	vma_unpin(&x->pin);
	vma_unpin(&y->pin);
}

/* ------------------------------------------------------------------------- */
/* 10. No mmap_lock on the way out                                           */

/* Inline, so that a deadlock names the case */
static __always_inline void vo_unpin_under_mmap_lock(struct vo_imp *imp)
{
	mmap_write_lock(current->mm);
	vma_unpin(&imp->pin);
	mmap_write_unlock(current->mm);
	KUNIT_EXPECT_NULL(imp->vo->test, imp->pin.client);
}

static void c10_unpin_under_mmap_lock(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_TYPE1);

	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), 0);
	vo_unpin_under_mmap_lock(imp);
}

static void c10_unpin_of_dmabuf_under_mmap_lock(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_IOMMUFD);

	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), 0);
	vo_unpin_under_mmap_lock(imp);
}

static void c10_unpin_of_ordinary_memory_under_mmap_lock(struct kunit *test)
{
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_STATIC);

	KUNIT_ASSERT_EQ(test, vo_pin(imp, vo_anon(test->priv, 2), PAGE_SIZE),
			0);
	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), 0);
	vo_unpin_under_mmap_lock(imp);
}

static void c10_revoke_under_mmap_lock(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);

	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), 0);
	mmap_write_lock(current->mm);
	vma_owner_revoke(obj->revoke, VMA_OWNER_PERMANENT);
	mmap_write_unlock(current->mm);
	KUNIT_EXPECT_EQ(test, vo_held(obj), 0);
	vma_unpin(&imp->pin);
}

static void c10_nothing_charged(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	unsigned long locked = current->mm->locked_vm;
	s64 pinned = atomic64_read(&current->mm->pinned_vm);
	struct vo_imp *imp = vo_pinned(obj, VO_STATIC);

	KUNIT_EXPECT_EQ(test, current->mm->locked_vm, locked);
	KUNIT_EXPECT_EQ(test, atomic64_read(&current->mm->pinned_vm), pinned);
	vma_unpin(&imp->pin);
}

/* ------------------------------------------------------------------------- */
/* 11. Release from any context                                              */

static void vo_released(struct vma_pin *pin)
{
	complete(&pin_to_imp(pin)->released);
}

static void c11_unpin_under_spinlock(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);
	static DEFINE_SPINLOCK(lock);
	unsigned long flags;

	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), 0);
	spin_lock_irqsave(&lock, flags);
	vma_unpin_deferred(&imp->pin, vo_released);
	spin_unlock_irqrestore(&lock, flags);
	KUNIT_EXPECT_TRUE(test, vo_within(&imp->released, VO_LONG));
	KUNIT_EXPECT_NULL(test, imp->pin.client);
	KUNIT_EXPECT_EQ(test, vo_held(obj), 0);
}

/*
 * Nothing of ordinary memory sleeps, so it has to be said. Between the two marks
 * kit/qemu/judge takes a report for what it is.
 */
static void c11_unpin_in_atomic_context_is_reported(struct kunit *test)
{
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_anon(test->priv, 1);
	unsigned int before;

	if (!IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP))
		kunit_skip(test, "needs CONFIG_DEBUG_ATOMIC_SLEEP");
	KUNIT_ASSERT_EQ(test, vo_pin_flags(imp, addr, 1, 0), 0);
	/* Reported once a second at most: this one, and whatever comes after it */
	schedule_timeout_uninterruptible(HZ + 1);
	before = vo_logged("BUG: sleeping function called");
	pr_info("vo: a report of sleep is due\n");
	preempt_disable();
	vma_unpin(&imp->pin);
	preempt_enable();
	pr_info("vo: no more of it is due\n");
	schedule_timeout_uninterruptible(HZ + 1);
	KUNIT_EXPECT_EQ(test, vo_logged("BUG: sleeping function called"),
			before + 1);
}

static void c11_unpin_twice_is_harmless(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_STATIC);

	vma_unpin(&imp->pin);
	kunit_warning_suppress(test) {
		vma_unpin(&imp->pin);
		KUNIT_EXPECT_EQ(test, PTR_ERR(vo_kmap(&imp->pin)),
				-EINVAL);
		KUNIT_EXPECT_EQ(test, vma_pin_attach(&imp->pin, NULL), -EINVAL);
	}
	KUNIT_EXPECT_EQ(test, vo_n(obj, put), 1);
}

struct vo_timer {
	struct timer_list	timer;
	struct vo_imp		*imp;
};

static void vo_timer_fn(struct timer_list *timer)
{
	struct vo_timer *t = container_of(timer, struct vo_timer, timer);

	vma_unpin_deferred(&t->imp->pin, vo_released);
}

static void c11_unpin_from_timer(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_IOMMUFD);
	struct vo_timer t = { .imp = imp };

	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), 0);
	timer_setup_on_stack(&t.timer, vo_timer_fn, 0);
	mod_timer(&t.timer, jiffies);
	KUNIT_EXPECT_TRUE(test, vo_within(&imp->released, VO_LONG));
	timer_shutdown_sync(&t.timer);
	timer_destroy_on_stack(&t.timer);
	KUNIT_EXPECT_EQ(test, vo_n(obj, unmap), 1);
}

static void c11_barrier_waits_for_all(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp[4];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(imp); i++)
		imp[i] = vo_pinned(obj, VO_STATIC);
	for (i = 0; i < ARRAY_SIZE(imp); i++)
		vma_unpin_deferred(&imp[i]->pin, i ? vo_released : NULL);
	vma_unpin_barrier();
	KUNIT_EXPECT_EQ(test, vo_held(obj), 0);
	for (i = 1; i < ARRAY_SIZE(imp); i++)
		KUNIT_EXPECT_TRUE(test, try_wait_for_completion(&imp[i]->released));
}

/* ------------------------------------------------------------------------- */
/* 17. One lock for a pin                                                    */

/* In the middle of a mapping call */
static void vo_revoke_meanwhile(struct vma_owner_mock *obj)
{
	struct kunit *test = obj->test;
	struct vo_imp *imp = list_first_entry(&obj->vo->imps, struct vo_imp,
					      node);
	struct vo_revoker *rv;

	obj->in_extents = NULL;
	rv = vo_revoker_start(obj, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_FALSE(test, vo_within(&rv->done, VO_A_WHILE));
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_invalidate), 0);
	imp->hook = rv;
}

static void c17_no_callback_in_a_mapping_call(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);
	struct vo_revoker *rv;

	obj->in_extents = vo_revoke_meanwhile;
	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), 0);
	rv = imp->hook;
	KUNIT_ASSERT_NOT_NULL(test, rv);
	flush_work(&rv->work);
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_invalidate), 1);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 1);
	KUNIT_EXPECT_FALSE(test, vo_is_mapped(imp));
	vma_owner_restore(obj->revoke);
	KUNIT_EXPECT_TRUE(test, vo_is_mapped(imp));
	vma_unpin(&imp->pin);
}

struct vo_mapper {
	struct work_struct	work;
	struct vo_imp		*imp;
	struct completion	done;
	int			ret;
};

static void vo_mapper_work(struct work_struct *work)
{
	struct vo_mapper *m = container_of(work, struct vo_mapper, work);

	m->ret = vo_imp_map(m->imp);
	complete(&m->done);
}

static void vo_map_meanwhile(struct vo_imp *imp)
{
	struct vo_mapper *m = imp->hook;

	imp->in_invalidate = NULL;
	queue_work(imp->vo->wq, &m->work);
	KUNIT_EXPECT_FALSE(imp->vo->test, vo_within(&m->done, VO_A_WHILE));
}

static void c17_no_mapping_call_in_a_callback(struct kunit *test)
{
	const struct vo_param *t = test->param_value;
	bool moves = t->value == VO_IOMMUFD;
	struct vma_owner_mock *obj = moves ? vo_obj_dmabuf(test->priv) :
				     vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, t->value);
	struct vo_mapper m = { .imp = imp };

	KUNIT_ASSERT_EQ(test, vo_imp_map(imp), 0);
	init_completion(&m.done);
	INIT_WORK_ONSTACK(&m.work, vo_mapper_work);
	imp->hook = &m;
	imp->in_invalidate = vo_map_meanwhile;
	if (moves)
		vo_move(obj, 0);
	else
		vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	flush_work(&m.work);
	destroy_work_on_stack(&m.work);
	KUNIT_EXPECT_EQ(test, m.ret, moves ? 0 : -ENODEV);
	if (!moves)
		vma_owner_restore(obj->revoke);
	KUNIT_EXPECT_TRUE(test, vo_is_mapped(imp));
	vma_unpin(&imp->pin);
}

static const struct vo_param vo_revocables[] = {
	{ "extents", VO_TYPE1 }, { "dma-buf", VO_IOMMUFD },
};

KUNIT_ARRAY_PARAM_DESC(vo_revocable, vo_revocables, name);

static void c17_enter_fails_after_the_mark(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);
	struct vma_pin *pin = &imp->pin;
	struct vo_revoker *rv;

	KUNIT_EXPECT_FALSE(test, vma_pin_enter(pin));
	KUNIT_ASSERT_EQ(test, vo_imp_map(imp), 0);
	KUNIT_EXPECT_TRUE(test, vma_pin_enter(pin));
	KUNIT_EXPECT_TRUE(test, vma_pin_enter(pin));
	rv = vo_revoker_start(obj, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_TRUE(test, vo_within(&imp->invalidated, VO_LONG));
	KUNIT_EXPECT_FALSE(test, vma_pin_enter(pin));
	vma_pin_exit(pin);
	KUNIT_EXPECT_FALSE(test, vma_pin_enter(pin));
	KUNIT_EXPECT_FALSE(test, vo_within(&rv->done, VO_A_WHILE));
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 0);
	vma_pin_exit(pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 1);
	KUNIT_EXPECT_TRUE(test, vo_within(&rv->done, VO_LONG));
	KUNIT_EXPECT_FALSE(test, vma_pin_enter(pin));
	vma_owner_restore(obj->revoke);
	KUNIT_EXPECT_TRUE(test, vma_pin_enter(pin));
	vma_pin_exit(pin);
	vma_unpin(pin);
}

/* Nobody is let in to what has not been mapped again */
static void c17_enter_of_what_was_not_mapped_again(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_TYPE1);

	imp->client.restore = NULL;
	KUNIT_ASSERT_EQ(test, vo_pin(imp, vo_map(obj), VO_SIZE), 0);
	KUNIT_ASSERT_EQ(test, vo_imp_map(imp), 0);
	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	vma_owner_restore(obj->revoke);
	KUNIT_EXPECT_FALSE(test, vma_pin_enter(&imp->pin));
	KUNIT_ASSERT_EQ(test, vo_imp_map(imp), 0);
	KUNIT_EXPECT_TRUE(test, vma_pin_enter(&imp->pin));
	vma_pin_exit(&imp->pin);
	vma_unpin(&imp->pin);
}

/* Static and ordinary memory, and that of a dma-buf: always, and at no cost */
static void c17_enter_of_what_is_not_revoked(struct kunit *test)
{
	struct vma_owner_mock *a = vo_obj(test->priv), *b = vo_obj_dmabuf(test->priv);
	struct vo_imp *x = vo_pinned(a, VO_TYPE1);
	struct vo_imp *y = vo_pinned_dev(b, VO_IOMMUFD);

	KUNIT_EXPECT_TRUE(test, vma_pin_enter(&x->pin));
	vma_pin_exit(&x->pin);
	KUNIT_ASSERT_EQ(test, vo_imp_map(y), 0);
	KUNIT_EXPECT_TRUE(test, vma_pin_enter(&y->pin));
	vo_move(b, 0);
	KUNIT_EXPECT_NULL(test, vma_pin_dma_table(&y->pin));
	vma_pin_exit(&y->pin);
	vma_unpin(&x->pin);
	vma_unpin(&y->pin);
}

static const struct vo_param vo_inside[] = {
	{ "by the revoke", false }, { "by the last exit", true },
};

KUNIT_ARRAY_PARAM_DESC(vo_inside, vo_inside, name);

/* All there is, and all of it stays until then */
static void c17_all_mappings_are_undone(struct kunit *test)
{
	const struct vo_param *t = test->param_value;
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_TYPE1);
	struct vma_pin *pin = &imp->pin;

	KUNIT_ASSERT_EQ(test, vo_imp_map(imp), 0);
	if (t->value)
		KUNIT_EXPECT_TRUE(test, vma_pin_enter(pin));
	KUNIT_EXPECT_FALSE(test, IS_ERR(vo_take_extents(pin)));
	KUNIT_EXPECT_FALSE(test, IS_ERR(vo_kmap(pin)));
	if (t->value) {
		vma_owner_revoke_begin(obj->revoke, VMA_OWNER_TEMPORARY);
		/* Still there for those inside, and for nobody else */
		KUNIT_EXPECT_NULL(test, vma_pin_dma_table(pin));
		KUNIT_EXPECT_NULL(test, vma_pin_vaddr(pin));
		KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 0);
		KUNIT_EXPECT_EQ(test, vo_n(obj, vunmap), 0);
		vma_pin_exit(pin);
	} else {
		vma_owner_revoke_begin(obj->revoke, VMA_OWNER_TEMPORARY);
	}
	KUNIT_EXPECT_NULL(test, vma_pin_dma_table(pin));
	KUNIT_EXPECT_NULL(test, vma_pin_vaddr(pin));
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 2);
	KUNIT_EXPECT_EQ(test, vo_n(obj, vunmap), 1);
	vma_owner_revoke_drain(obj->revoke);
	vma_owner_restore(obj->revoke);
	/* The importer maps for its device alone again */
	KUNIT_EXPECT_NULL(test, vma_pin_vaddr(pin));
	vma_unpin(pin);
}

/* Which memory it is for does not matter */
static void c17_mapping_without_the_lock_warns(struct kunit *test)
{
	struct vo_imp *x, *y;

	if (!IS_ENABLED(CONFIG_LOCKDEP))
		kunit_skip(test, "needs CONFIG_LOCKDEP");
	x = vo_pinned(vo_obj(test->priv), VO_STATIC);
	y = vo_pinned(vo_obj_revocable(test->priv), VO_TYPE1);
	kunit_warning_suppress(test) {
		vma_pin_get_extents(&x->pin);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 1);
	}
	kunit_warning_suppress(test) {
		vma_pin_get_extents(&y->pin);
		KUNIT_EXPECT_TRUE(test, KUNIT_SUPPRESSED_WARNING_COUNT());
	}
	kunit_warning_suppress(test) {
		vma_pin_put_extents(&y->pin);
		KUNIT_EXPECT_TRUE(test, KUNIT_SUPPRESSED_WARNING_COUNT());
	}
	kunit_warning_suppress(test) {
		vma_pin_vunmap(&y->pin);
		KUNIT_EXPECT_TRUE(test, KUNIT_SUPPRESSED_WARNING_COUNT());
	}
	kunit_warning_suppress(test) {
		vma_pin_sync_for_cpu_locked(&y->pin);
		KUNIT_EXPECT_TRUE(test, KUNIT_SUPPRESSED_WARNING_COUNT());
	}
	vma_unpin(&x->pin);
	vma_unpin(&y->pin);
}

/* ------------------------------------------------------------------------- */
/* 18. The revoke lock                                                       */

/* Somebody is in an importer's callback, and a fatal signal comes */
static void c18_waits_are_killable(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);
	struct vo_imp *late = vo_imp(test->priv, VO_TYPE1);
	int fault, pin, attach, lock, map;
	struct vo_revoker *rv;

	imp->in_invalidate = vo_invalidate_waits;
	rv = vo_revoker_start(obj, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_TRUE(test, vo_within(&imp->invalidated, VO_LONG));
	allow_signal(SIGKILL);
	send_sig(SIGKILL, current, 1);
	fault = vma_owner_fault_enter(obj->revoke);
	pin = vo_pin(late, imp->pin.start, VO_SIZE);
	attach = vma_pin_attach(&imp->pin, NULL);
	lock = vma_pin_lock(&imp->pin);
	map = PTR_ERR(vo_kmap(&imp->pin));
	disallow_signal(SIGKILL);
	flush_signals(current);
	complete(&imp->go);
	flush_work(&rv->work);
	KUNIT_EXPECT_FALSE(test, fault);
	vo_expect_refused(late, pin, -EINTR);
	KUNIT_EXPECT_EQ(test, attach, -EINTR);
	KUNIT_EXPECT_EQ(test, lock, -EINTR);
	KUNIT_EXPECT_EQ(test, map, -EINTR);
	KUNIT_EXPECT_EQ(test, vo_held(obj), 1);
	vma_owner_restore(obj->revoke);
	vma_unpin(&imp->pin);
}

static void vo_invalidate_takes_a_while(struct vo_imp *imp)
{
	complete(&imp->invalidated);
	schedule_timeout_uninterruptible(VO_A_WHILE);
	imp->invalidated_at = vo_tick();
}

/* What must be undone is: a signal does not end the wait for the lock */
static void c18_undoing_waits_uninterruptibly(struct kunit *test)
{
	const struct vo_param *t = test->param_value;
	bool moves = t->value == VO_IOMMUFD;
	struct vma_owner_mock *obj = moves ? vo_obj_dmabuf(test->priv) :
				     vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, t->value);
	struct vo_revoker *rv;
	int undone_at;

	KUNIT_ASSERT_EQ(test, vo_imp_map(imp), 0);
	imp->in_invalidate = vo_invalidate_takes_a_while;
	rv = vo_revoker_start(obj, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_TRUE(test, vo_within(&imp->invalidated, VO_LONG));
	allow_signal(SIGKILL);
	send_sig(SIGKILL, current, 1);
	vma_pin_unmap_dma_unlocked(&imp->pin);
	undone_at = vo_tick();
	disallow_signal(SIGKILL);
	flush_signals(current);
	flush_work(&rv->work);
	KUNIT_EXPECT_GT(test, undone_at, imp->invalidated_at);
	if (!moves)
		vma_owner_restore(obj->revoke);
	vma_unpin(&imp->pin);
}

/* What fences are waited for by, and left in; there is none but a dma-buf's */
static void c17_resv_of_a_dmabuf(struct kunit *test)
{
	struct vma_owner_mock *a = vo_obj_dmabuf(test->priv), *b = vo_obj(test->priv);
	struct vo_imp *x = vo_pinned(a, VO_IOMMUFD), *y = vo_pinned(b, VO_TYPE1);

	KUNIT_ASSERT_EQ(test, vma_pin_lock(&x->pin), 0);
	KUNIT_EXPECT_PTR_EQ(test, vma_pin_resv(&x->pin), a->dmabuf->resv);
	vma_pin_unlock(&x->pin);
	KUNIT_ASSERT_EQ(test, vma_pin_lock(&y->pin), 0);
	KUNIT_EXPECT_NULL(test, vma_pin_resv(&y->pin));
	vma_pin_unlock(&y->pin);
	vma_unpin(&x->pin);
	vma_unpin(&y->pin);
}

/* The lock of another pin is not that of a dma-buf */
static void c17_mapping_under_another_lock_warns(struct kunit *test)
{
	struct vo_imp *x, *y;

	if (!IS_ENABLED(CONFIG_LOCKDEP))
		kunit_skip(test, "needs CONFIG_LOCKDEP");
	x = vo_pinned(vo_obj(test->priv), VO_STATIC);
	y = vo_pinned_dev(vo_obj_dmabuf(test->priv), VO_IOMMUFD);
	KUNIT_EXPECT_EQ(test, vo_imp_map(y), 0);
	vo_imp_unmap(y);
	KUNIT_EXPECT_EQ(test, vma_pin_lock(&x->pin), 0);
	kunit_warning_suppress(test) {
		vma_pin_unmap_dma(&y->pin);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 1);
	}
	vma_pin_unlock(&x->pin);
	vma_unpin(&x->pin);
	vma_unpin(&y->pin);
}

struct kunit_case vo_lock_cases[] = {
	KUNIT_CASE(c7_static_importer_of_revocable),
	KUNIT_CASE(c7_revocable_importer_of_static),
	KUNIT_CASE(c7_dmabuf_hides_revocable),
	KUNIT_CASE(c7_static_importer_attaches_statically),
	KUNIT_CASE(c7_revocable_importer_attaches_dynamically),
	KUNIT_CASE(c7_peer_to_peer_is_passed_on),
	KUNIT_CASE(c7_move_undoes_and_maps_again),
	KUNIT_CASE(c7_move_of_a_part),
	KUNIT_CASE(c7_move_away_for_good),
	KUNIT_CASE(c7_move_before_mapping),
	KUNIT_CASE(c7_no_move_after_unpin),
	KUNIT_CASE_PARAM(c7_map_waits_for_kernel_fences, vo_kind_gen_params),
	KUNIT_CASE(c7_signal_ends_the_wait_for_fences),
	KUNIT_CASE_PARAM(c7_map_does_not_wait_for_readers, vo_kind_gen_params),
	KUNIT_CASE(c9_sync_races_invalidate),
	KUNIT_CASE(c9_unpin_waits_for_callback),
	KUNIT_CASE(c9_no_callback_after_unpin),
	KUNIT_CASE(c9_revoke_under_exporters_lock),
	KUNIT_CASE(c9_get_extents_under_importers_lock),
	KUNIT_CASE(c9_mapped_in_the_place_of_another),
	KUNIT_CASE(c10_unpin_under_mmap_lock),
	KUNIT_CASE(c10_unpin_of_dmabuf_under_mmap_lock),
	KUNIT_CASE(c10_unpin_of_ordinary_memory_under_mmap_lock),
	KUNIT_CASE(c10_revoke_under_mmap_lock),
	KUNIT_CASE(c10_nothing_charged),
	KUNIT_CASE(c11_unpin_under_spinlock),
	KUNIT_CASE(c11_unpin_in_atomic_context_is_reported),
	KUNIT_CASE(c11_unpin_twice_is_harmless),
	KUNIT_CASE(c11_unpin_from_timer),
	KUNIT_CASE(c11_barrier_waits_for_all),
	KUNIT_CASE(c17_no_callback_in_a_mapping_call),
	KUNIT_CASE_PARAM(c17_no_mapping_call_in_a_callback,
			 vo_revocable_gen_params),
	KUNIT_CASE(c17_enter_fails_after_the_mark),
	KUNIT_CASE(c17_enter_of_what_was_not_mapped_again),
	KUNIT_CASE(c17_enter_of_what_is_not_revoked),
	KUNIT_CASE_PARAM(c17_all_mappings_are_undone, vo_inside_gen_params),
	KUNIT_CASE(c17_mapping_without_the_lock_warns),
	KUNIT_CASE(c17_mapping_under_another_lock_warns),
	KUNIT_CASE(c17_resv_of_a_dmabuf),
	KUNIT_CASE(c18_faults_before_the_last_exit),
	KUNIT_CASE(c18_waits_are_killable),
	KUNIT_CASE_PARAM(c18_undoing_waits_uninterruptibly,
			 vo_revocable_gen_params),
	{}
};
