// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests for VMA owners: revoke and restore.
 */
#include "vma_owner_kunit.h"

static bool vo_refuses_faults(struct vma_owner_revoke *r)
{
	if (!vma_owner_fault_enter(r))
		return true;
	vma_owner_fault_exit(r);
	return false;
}

/* ------------------------------------------------------------------------- */
/* 8. Revoke                                                                 */

static void c8_pin_refused_while_revoked(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_TYPE1);
	unsigned long addr = vo_map(obj);

	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	vo_expect_refused(imp, vo_pin(imp, addr, VO_SIZE), -ENODEV);
	vo_expect_refused(imp, vo_prefix(imp, addr, VO_SIZE), -ENODEV);
	KUNIT_EXPECT_EQ(test, vo_held(obj), 0);
	vma_owner_restore(obj->revoke);
	KUNIT_ASSERT_EQ(test, vo_pin(imp, addr, VO_SIZE), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_invalidate), 0);
	vma_unpin(&imp->pin);
}

static void vo_revoke_begin(struct vma_owner_mock *obj)
{
	vma_owner_revoke_begin(obj->revoke, VMA_OWNER_TEMPORARY);
}

/* The revoke comes when the pin has its reference, but is not yet linked */
static void c8_revoke_inside_pin(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_TYPE1);
	unsigned long addr = vo_map(obj);

	obj->in_revocable = vo_revoke_begin;
	vo_expect_refused(imp, vo_pin(imp, addr, VO_SIZE), -ENODEV);
	obj->in_revocable = NULL;
	KUNIT_EXPECT_EQ(test, vo_held(obj), 0);
	vma_owner_revoke_drain(obj->revoke);
	vma_owner_restore(obj->revoke);
}

struct vo_queued_pin {
	struct work_struct	work;
	struct vo_imp		*imp;
	struct vo_revoker	*rv;
	unsigned long		addr;
	int			ret;
};

static void vo_queued_pin_work(struct work_struct *work)
{
	struct vo_queued_pin *q = container_of(work, struct vo_queued_pin, work);

	kthread_use_mm(q->imp->vo->mm);
	q->ret = vo_pin(q->imp, q->addr, VO_SIZE);
	kthread_unuse_mm(q->imp->vo->mm);
}

/* The revoke lock is held: those who want it now get it in this order */
static void vo_queue_revoke_and_pin(struct vo_imp *imp)
{
	struct vo_queued_pin *q = imp->hook;

	q->rv = vo_revoker_start(imp->pin.ref.obj, VMA_OWNER_TEMPORARY);
	schedule_timeout_uninterruptible(VO_A_WHILE);
	queue_work(imp->vo->wq, &q->work);
	schedule_timeout_uninterruptible(VO_A_WHILE);
}

/* A pin that waits for the lock tests the mark after the revoke ahead of it */
static void c8_pin_queued_behind_revoke(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *first = vo_pinned(obj, VO_TYPE1);
	struct vo_queued_pin q = {
		.imp	= vo_imp(test->priv, VO_TYPE1),
		.addr	= first->pin.start,
	};

	INIT_WORK_ONSTACK(&q.work, vo_queued_pin_work);
	first->hook = &q;
	first->in_restore = vo_queue_revoke_and_pin;
	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	vma_owner_restore(obj->revoke);
	flush_work(&q.work);
	destroy_work_on_stack(&q.work);
	KUNIT_EXPECT_TRUE(test, vo_within(&q.rv->done, VO_LONG));
	vo_expect_refused(q.imp, q.ret, -ENODEV);
	first->in_restore = NULL;
	vma_owner_restore(obj->revoke);
	vma_unpin(&first->pin);
}

static void c8_mappings_refused_while_revoked(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_TYPE1);
	struct vma_pin *pin = &imp->pin;

	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_take_extents(pin)), -ENODEV);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_kmap(pin)), -ENODEV);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma_unlocked(pin, imp->dev,
							       DMA_TO_DEVICE)), -ENODEV);
	KUNIT_EXPECT_EQ(test, vo_n(obj, extents) + vo_n(obj, vmap), 0);
	vma_owner_restore(obj->revoke);
	vma_unpin(pin);
}

/* Inside the zap: is the mark set, and is no importer told yet? */
static void vo_zap_expects(struct vma_owner_mock *obj)
{
	struct kunit *test = obj->test;
	struct vo_imp *imp = list_first_entry(&obj->vo->imps, struct vo_imp,
					      node);

#ifndef MODULE
	/* Who asks without the lock, which is held */
	KUNIT_EXPECT_EQ(test, vma_pin_may_map(&imp->pin), -ENODEV);
#endif
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_invalidate), 0);
}

static void c8_mark_then_zap_then_invalidate(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);

	obj->in_zap = vo_zap_expects;
	KUNIT_EXPECT_FALSE(test, vo_refuses_faults(obj->revoke));
	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_EQ(test, vo_n(obj, zap), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_invalidate), 1);
	KUNIT_EXPECT_LT(test, obj->zapped_at, imp->invalidated_at);
	vma_owner_restore(obj->revoke);
	KUNIT_EXPECT_FALSE(test, vo_refuses_faults(obj->revoke));
	vma_unpin(&imp->pin);
}

static void c8_each_pin_is_told_once(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp[3];
	unsigned int i;

	for (i = 0; i < 3; i++) {
		imp[i] = vo_pinned(obj, VO_TYPE1);
		KUNIT_EXPECT_EQ(test, vo_imp_map(imp[i]), 0);
	}
	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, atomic_read(&imp[i]->nr_invalidate), 1);
		KUNIT_EXPECT_EQ(test, imp[i]->why, VMA_OWNER_TEMPORARY);
		KUNIT_EXPECT_FALSE(test, vo_is_mapped(imp[i]));
	}
	vma_owner_restore(obj->revoke);
	for (i = 0; i < 3; i++)
		vma_unpin(&imp[i]->pin);
}

static void c8_dma_mapping_undone_by_revoke(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_TYPE1);

	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), 0);
	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 1);
	vma_owner_restore(obj->revoke);
	vo_expect_dma(imp, vma_pin_dma_table(&imp->pin), obj->pages, 0, VO_SIZE);
	vma_unpin(&imp->pin);
}

static void c8_revoke_without_pins(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);

	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_EQ(test, vo_n(obj, zap), 1);
	vma_owner_restore(obj->revoke);
	vma_owner_revoke(obj->revoke, VMA_OWNER_PERMANENT);
	KUNIT_EXPECT_EQ(test, vo_n(obj, zap), 2);
}

static void c8_drain_waits_for_work_item(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);
	struct vo_revoker *rv;

	imp->by_work = true;
	KUNIT_ASSERT_EQ(test, vo_imp_map(imp), 0);
	KUNIT_EXPECT_TRUE(test, vma_pin_enter(&imp->pin));
	rv = vo_revoker_start(obj, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_TRUE(test, vo_within(&imp->invalidated, VO_LONG));
	KUNIT_EXPECT_FALSE(test, vo_within(&rv->done, VO_A_WHILE));
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 0);
	complete(&imp->go);
	flush_work(&rv->work);
	flush_work(&imp->work);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 1);
	KUNIT_EXPECT_LT(test, obj->undone_at, rv->done_at);
	vma_owner_restore(obj->revoke);
	vma_unpin(&imp->pin);
}

/* The access is over, and the importer lets go at once */
static void c8_drain_waits_for_exit_and_unpin(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);
	struct vo_revoker *rv;

	KUNIT_ASSERT_EQ(test, vo_imp_map(imp), 0);
	KUNIT_EXPECT_TRUE(test, vma_pin_enter(&imp->pin));
	rv = vo_revoker_start(obj, VMA_OWNER_PERMANENT);
	KUNIT_EXPECT_TRUE(test, vo_within(&imp->invalidated, VO_LONG));
	KUNIT_EXPECT_FALSE(test, vo_within(&rv->done, VO_A_WHILE));
	KUNIT_EXPECT_EQ(test, vo_held(obj), 1);
	vma_pin_exit(&imp->pin);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_TRUE(test, vo_within(&rv->done, VO_LONG));
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 1);
}

/* What is mapped and not in use is undone at once, and pins alone hold up nobody */
static void c8_drain_waits_only_for_those_inside(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *pinned = vo_pinned(obj, VO_TYPE1);
	struct vo_imp *mapped = vo_pinned(obj, VO_TYPE1);
	struct vo_imp *left = vo_pinned(obj, VO_TYPE1);

	KUNIT_ASSERT_EQ(test, vo_imp_map(mapped), 0);
	KUNIT_ASSERT_EQ(test, vo_imp_map(left), 0);
	KUNIT_EXPECT_TRUE(test, vma_pin_enter(&left->pin));
	vma_pin_exit(&left->pin);
	vma_owner_revoke_begin(obj->revoke, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 2);
	vma_owner_revoke_drain(obj->revoke);
	KUNIT_EXPECT_EQ(test, vo_held(obj), 3);
	vma_owner_restore(obj->revoke);
	vma_unpin(&pinned->pin);
	vma_unpin(&mapped->pin);
	vma_unpin(&left->pin);
}

/* What was not mapped cannot be entered, and nobody waits for it */
static void c8_drain_ignores_failed_mappings(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_TYPE1);
	struct vma_pin *pin = &imp->pin;
	struct vo_revoker *rv;

	obj->extents_err = -ENOMEM;
	obj->vmap_err = -ENOMEM;
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_take_extents(pin)), -ENOMEM);
	KUNIT_EXPECT_FALSE(test, vma_pin_enter(pin));
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_kmap(pin)), -ENOMEM);
	KUNIT_EXPECT_FALSE(test, vma_pin_enter(pin));
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma_unlocked(pin, imp->dev,
							       DMA_TO_DEVICE)),
			-ENOMEM);
	KUNIT_EXPECT_FALSE(test, vma_pin_enter(pin));
	rv = vo_revoker_start(obj, VMA_OWNER_PERMANENT);
	KUNIT_EXPECT_TRUE(test, vo_within(&rv->done, VO_LONG));
	vma_unpin(pin);
	flush_work(&rv->work);
}

static void c8_begin_does_not_wait(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);

	KUNIT_ASSERT_EQ(test, vo_imp_map(imp), 0);
	KUNIT_EXPECT_TRUE(test, vma_pin_enter(&imp->pin));
	vma_owner_revoke_begin(obj->revoke, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_invalidate), 1);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 0);
	vma_pin_exit(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 1);
	vma_owner_revoke_drain(obj->revoke);
	vma_owner_restore(obj->revoke);
	vma_unpin(&imp->pin);
}

static void c8_cpu_mappings_zapped(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	unsigned long addr = vo_map(obj);

	KUNIT_EXPECT_TRUE(test, vo_touch(addr));
	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_FALSE(test, vo_touch(addr));
	KUNIT_EXPECT_FALSE(test, vo_touch(addr + PAGE_SIZE));
	vma_owner_restore(obj->revoke);
	KUNIT_EXPECT_TRUE(test, vo_touch(addr));
}

static void vo_fault_waits(struct vma_owner_mock *obj)
{
	obj->in_fault = NULL;
	complete(&obj->entered);
	KUNIT_EXPECT_TRUE(obj->test, vo_within(&obj->go, VO_LONG));
}

struct vo_late {
	struct work_struct	work;
	struct vma_owner_mock		*obj;
	struct vo_revoker	*rv;
	unsigned long		patience;
	bool			done;
	int			zaps;
};

/* Revokes while a fault of @obj is on its way, which goes on after that, or some time */
static void vo_late_work(struct work_struct *work)
{
	struct vo_late *late = container_of(work, struct vo_late, work);
	struct vma_owner_mock *obj = late->obj;

	vo_within(&obj->entered, VO_LONG);
	queue_work(obj->vo->wq, &late->rv->work);
	late->done = vo_within(&late->rv->done, late->patience);
	late->zaps = vo_n(obj, zap);
	complete(&obj->go);
}

/* Did the fault get its page? */
static bool vo_revoke_in_fault(struct vo_late *late, unsigned long addr)
{
	struct vma_owner_mock *obj = late->obj;
	bool touched;

	init_completion(&late->rv->done);
	INIT_WORK_ONSTACK(&late->rv->work, vo_revoker_work);
	INIT_WORK_ONSTACK(&late->work, vo_late_work);
	obj->in_fault = vo_fault_waits;
	queue_work(obj->vo->wq, &late->work);
	touched = vo_touch(addr);
	flush_work(&late->work);
	flush_work(&late->rv->work);
	destroy_work_on_stack(&late->work);
	destroy_work_on_stack(&late->rv->work);
	return touched;
}

static void c8_late_fault_is_zapped(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_revoker rv = { .obj = obj, .how = VMA_OWNER_TEMPORARY };
	struct vo_late late = { .obj = obj, .rv = &rv, .patience = VO_A_WHILE };
	unsigned long addr = vo_map(obj);

	vo_revoke_in_fault(&late, addr);
	KUNIT_EXPECT_EQ(test, late.zaps, 0);
	KUNIT_EXPECT_EQ(test, vo_n(obj, zap), 1);
	KUNIT_EXPECT_FALSE(test, vo_touch(addr));
}

/* A fault handler that sleeps holds up the revoke of its own memory, and no other */
static void c18_fault_of_another_owner_not_waited_for(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vma_owner_mock *other = vo_obj_revocable(test->priv);
	struct vo_revoker rv = { .obj = other, .how = VMA_OWNER_TEMPORARY };
	struct vo_late late = { .obj = obj, .rv = &rv, .patience = VO_LONG / 2 };
	struct vo_imp *imp = vo_pinned(other, VO_TYPE1);
	unsigned long addr = vo_map(obj);

	KUNIT_ASSERT_EQ(test, vo_imp_map(imp), 0);
	KUNIT_EXPECT_TRUE(test, vo_touch(imp->pin.start));
	KUNIT_EXPECT_TRUE(test, vo_revoke_in_fault(&late, addr));
	KUNIT_EXPECT_TRUE(test, late.done);
	KUNIT_EXPECT_EQ(test, vo_n(other, zap), 1);
	KUNIT_EXPECT_FALSE(test, vo_touch(imp->pin.start));
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_invalidate), 1);
	KUNIT_EXPECT_EQ(test, vo_n(obj, zap), 0);
	vma_owner_restore(other->revoke);
	KUNIT_EXPECT_TRUE(test, vo_is_mapped(imp));
	vma_unpin(&imp->pin);
}

static void c8_temporary_losses_nest(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);

	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_invalidate), 1);
	vma_owner_restore(obj->revoke);
	KUNIT_EXPECT_TRUE(test, vo_refuses_faults(obj->revoke));
	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), -ENODEV);
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_restore), 0);
	vma_owner_restore(obj->revoke);
	KUNIT_EXPECT_FALSE(test, vo_refuses_faults(obj->revoke));
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_restore), 1);
	vma_unpin(&imp->pin);
}

static void c8_permanent_after_temporary(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);

	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	vma_owner_revoke(obj->revoke, VMA_OWNER_PERMANENT);
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_invalidate), 2);
	KUNIT_EXPECT_EQ(test, imp->why, VMA_OWNER_PERMANENT);
	KUNIT_EXPECT_EQ(test, vo_held(obj), 0);
	vma_owner_restore(obj->revoke);
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_restore), 0);
	KUNIT_EXPECT_TRUE(test, vo_refuses_faults(obj->revoke));
	vma_unpin(&imp->pin);
}

static void c8_temporary_after_permanent(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);

	vma_owner_revoke(obj->revoke, VMA_OWNER_PERMANENT);
	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	vma_owner_restore(obj->revoke);
	KUNIT_EXPECT_TRUE(test, vo_refuses_faults(obj->revoke));
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_invalidate), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_restore), 0);
	vma_unpin(&imp->pin);
}

/* The pins are not dropped yet: who has heard the worst hears nothing more */
static void c8_temporary_before_the_permanent_drain(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);

	vma_owner_revoke_begin(obj->revoke, VMA_OWNER_PERMANENT);
	vma_owner_revoke_begin(obj->revoke, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_EQ(test, vo_held(obj), 1);
	vma_owner_revoke_drain(obj->revoke);
	KUNIT_EXPECT_EQ(test, vo_n(obj, zap), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_invalidate), 1);
	KUNIT_EXPECT_EQ(test, imp->why, VMA_OWNER_PERMANENT);
	KUNIT_EXPECT_EQ(test, vo_held(obj), 0);
	vma_owner_restore(obj->revoke);
	KUNIT_EXPECT_TRUE(test, vo_refuses_faults(obj->revoke));
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_restore), 0);
	vma_unpin(&imp->pin);
}

static void c8_permanent_leaves_an_empty_shell(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_TYPE1);
	struct vma_pin *pin = &imp->pin;

	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), 0);
	vma_owner_revoke(obj->revoke, VMA_OWNER_PERMANENT);
	KUNIT_EXPECT_EQ(test, vo_held(obj), 0);
	KUNIT_EXPECT_TRUE(test, vma_pin_is_owned(pin));
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_kmap(pin)), -ENODEV);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_take_extents(pin)), -ENODEV);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma_unlocked(pin, imp->dev,
							       DMA_TO_DEVICE)), -ENODEV);
	vma_pin_unmap_dma_unlocked(pin);
	vo_drop_extents(pin);
	vma_pin_vunmap_unlocked(pin);
	vma_unpin(pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put), 1);
}

static void c8_temporary_keeps_the_object(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);

	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	vo_unmap(test->priv, imp->pin.start, VO_PAGES);
	vo_obj_unregister(obj);
	KUNIT_EXPECT_FALSE(test, obj->dead);
	vma_owner_restore(obj->revoke);
	vo_expect_whole(imp, obj);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_TRUE(test, obj->dead);
}

static void c8_unpin_while_revoked(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);

	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_held(obj), 0);
	vma_owner_restore(obj->revoke);
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_restore), 0);
}

/* The exporter drops its handle and goes; the shell still needs it */
static void c8_handle_outlives_the_exporter(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);
	struct vma_owner_revoke *r = obj->revoke;

	vma_owner_revoke(r, VMA_OWNER_PERMANENT);
	vo_unmap(test->priv, imp->pin.start, VO_PAGES);
	obj->revoke = NULL;
	vma_owner_revoke_put(r);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_take_extents(&imp->pin)), -ENODEV);
	vma_unpin(&imp->pin);
}

static void c8_two_objects_one_handle(struct kunit *test)
{
	struct vma_owner_mock *a = vo_obj_revocable(test->priv);
	struct vma_owner_mock *b = vo_obj(test->priv);
	struct vo_imp *x, *y;

	b->ops.revocable = vo_revocable;
	b->revoke = a->revoke;
	x = vo_pinned(a, VO_TYPE1);
	y = vo_pinned(b, VO_TYPE1);
	vma_owner_revoke(a->revoke, VMA_OWNER_PERMANENT);
	KUNIT_EXPECT_EQ(test, atomic_read(&x->nr_invalidate), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&y->nr_invalidate), 1);
	KUNIT_EXPECT_EQ(test, vo_held(a) + vo_held(b), 0);
	vma_unpin(&x->pin);
	vma_unpin(&y->pin);
	b->revoke = NULL;
}

static void c8_restore_maps_again(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);

	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), 0);
	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_FALSE(test, vo_is_mapped(imp));
	vma_owner_restore(obj->revoke);
	KUNIT_EXPECT_TRUE(test, vo_is_mapped(imp));
	KUNIT_EXPECT_EQ(test, vo_n(obj, extents) - vo_n(obj, put_extents), 1);
	vma_unpin(&imp->pin);
}

static void c8_restore_calls_those_who_asked(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *quiet = vo_imp(test->priv, VO_TYPE1);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1), *late;

	quiet->client.restore = NULL;
	KUNIT_ASSERT_EQ(test, vo_pin(quiet, imp->pin.start, VO_SIZE), 0);
	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	vma_owner_restore(obj->revoke);
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_restore), 1);
	late = vo_pinned(obj, VO_TYPE1);
	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	vma_owner_restore(obj->revoke);
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_restore), 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&late->nr_restore), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&quiet->nr_restore), 0);
	vma_unpin(&imp->pin);
	vma_unpin(&late->pin);
	vma_unpin(&quiet->pin);
}

static void c8_failed_restore_is_tried_again(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);
	struct vo_imp *other = vo_pinned(obj, VO_TYPE1);

	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), 0);
	KUNIT_EXPECT_EQ(test, vo_imp_map(other), 0);
	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	imp->restore_err = -ENOMEM;
	imp->client.name = "vo-unlucky";
	vma_owner_restore(obj->revoke);
	KUNIT_EXPECT_FALSE(test, vo_is_mapped(imp));
	KUNIT_EXPECT_TRUE(test, vo_is_mapped(other));
	KUNIT_EXPECT_TRUE(test, vo_logged("vo-unlucky cannot map "));
	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	vma_owner_restore(obj->revoke);
	KUNIT_EXPECT_TRUE(test, vo_is_mapped(imp));
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_restore), 2);
	vma_unpin(&imp->pin);
	vma_unpin(&other->pin);
}

static void c8_restore_once_too_often(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);

	kunit_warning_suppress(test)
		vma_owner_restore(obj->revoke);
	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_TRUE(test, vo_refuses_faults(obj->revoke));
	vma_owner_restore(obj->revoke);
	KUNIT_EXPECT_FALSE(test, vo_refuses_faults(obj->revoke));
}

/* Somebody still uses what is to be mapped again: it is, when the last one is out */
static void c8_restore_before_the_last_exit(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);
	struct vo_imp *other = vo_pinned(obj, VO_TYPE1);
	struct vo_imp *out = vo_pinned(obj, VO_TYPE1);

	KUNIT_ASSERT_EQ(test, vo_imp_map(imp), 0);
	KUNIT_ASSERT_EQ(test, vo_imp_map(other), 0);
	KUNIT_ASSERT_EQ(test, vo_imp_map(out), 0);
	KUNIT_EXPECT_TRUE(test, vma_pin_enter(&imp->pin));
	KUNIT_EXPECT_TRUE(test, vma_pin_enter(&other->pin));
	vma_owner_revoke_begin(obj->revoke, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_TRUE(test, vo_refuses_faults(obj->revoke));
	vma_owner_restore(obj->revoke);
	/* User space does not wait for the importers of others */
	KUNIT_EXPECT_FALSE(test, vo_refuses_faults(obj->revoke));
	KUNIT_EXPECT_FALSE(test, vma_pin_enter(&out->pin));
	vma_pin_exit(&imp->pin);
	KUNIT_EXPECT_FALSE(test, vma_pin_enter(&out->pin));
	KUNIT_EXPECT_EQ(test, atomic_read(&out->nr_restore), 0);
	vma_pin_exit(&other->pin);
	vma_owner_revoke_drain(obj->revoke);
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_restore), 1);
	KUNIT_EXPECT_TRUE(test, vo_is_mapped(imp));
	KUNIT_EXPECT_TRUE(test, vo_is_mapped(other));
	KUNIT_EXPECT_TRUE(test, vo_is_mapped(out));
	vma_unpin(&imp->pin);
	vma_unpin(&other->pin);
	vma_unpin(&out->pin);
}

static const struct vo_param vo_losses[] = {
	{ "for a while", VMA_OWNER_TEMPORARY }, { "for good", VMA_OWNER_PERMANENT },
};

KUNIT_ARRAY_PARAM_DESC(vo_loss, vo_losses, name);

/* It was restored early, and taken again before the last one was out */
static void c8_revoke_before_the_last_exit(struct kunit *test)
{
	const struct vo_param *t = test->param_value;
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);

	KUNIT_ASSERT_EQ(test, vo_imp_map(imp), 0);
	KUNIT_EXPECT_TRUE(test, vma_pin_enter(&imp->pin));
	vma_owner_revoke_begin(obj->revoke, VMA_OWNER_TEMPORARY);
	vma_owner_restore(obj->revoke);
	vma_owner_revoke_begin(obj->revoke, t->value);
	vma_pin_exit(&imp->pin);
	vma_owner_revoke_drain(obj->revoke);
	KUNIT_EXPECT_TRUE(test, vo_refuses_faults(obj->revoke));
	KUNIT_EXPECT_FALSE(test, vo_is_mapped(imp));
	KUNIT_EXPECT_EQ(test, atomic_read(&imp->nr_restore), 0);
	if (t->value == VMA_OWNER_TEMPORARY) {
		vma_owner_restore(obj->revoke);
		KUNIT_EXPECT_TRUE(test, vo_is_mapped(imp));
	}
	vma_unpin(&imp->pin);
}

/* Only exporters of dma-bufs move memory */
static void c8_no_revoke_by_a_move(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);

	kunit_warning_suppress(test)
		vma_owner_revoke_begin(obj->revoke, VMA_OWNER_MOVED);
	KUNIT_EXPECT_FALSE(test, vo_refuses_faults(obj->revoke));
	KUNIT_EXPECT_EQ(test, vo_n(obj, zap), 0);
}

/* More than ten seconds, which is what a drain takes to lose its patience */
static void c8_drain_says_whom_it_waits_for(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);
	struct vo_imp *idle = vo_pinned(obj, VO_TYPE1);
	unsigned int slow = vo_logged("used by vo-slow:");
	unsigned int too = vo_logged("used by vo-too:");
	struct vo_imp *more[9];
	struct vo_revoker *rv;
	unsigned int i;
	char line[80];

	idle->client.name = "vo-idle";
	KUNIT_ASSERT_EQ(test, vo_imp_map(idle), 0);
	imp->client.name = "vo-slow";
	KUNIT_ASSERT_EQ(test, vo_imp_map(imp), 0);
	KUNIT_EXPECT_TRUE(test, vma_pin_enter(&imp->pin));
	for (i = 0; i < ARRAY_SIZE(more); i++) {
		more[i] = vo_pinned(obj, VO_TYPE1);
		more[i]->client.name = "vo-too";
		KUNIT_EXPECT_EQ(test, vo_imp_map(more[i]), 0);
		KUNIT_EXPECT_TRUE(test, vma_pin_enter(&more[i]->pin));
	}
	rv = vo_revoker_start(obj, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_FALSE(test, vo_within(&rv->done, 11 * HZ));
	KUNIT_EXPECT_TRUE(test, vo_logged("waits for 10 pins"));
	/* Eight are enough */
	KUNIT_EXPECT_EQ(test, vo_logged("used by vo-slow:") - slow, 1);
	KUNIT_EXPECT_EQ(test, vo_logged("used by vo-too:") - too, 7);
	snprintf(line, sizeof(line),
		 "used by vo-slow: %zu bytes, pinned for 1", imp->pin.len);
	KUNIT_EXPECT_TRUE(test, vo_logged(line));
	snprintf(line, sizeof(line), "%lx", imp->pin.start);
	KUNIT_EXPECT_FALSE(test, vo_logged(line));
	KUNIT_EXPECT_FALSE(test, vo_logged("used by vo-idle"));
	for (i = 0; i < ARRAY_SIZE(more); i++)
		vma_pin_exit(&more[i]->pin);
	vma_pin_exit(&imp->pin);
	KUNIT_EXPECT_TRUE(test, vo_within(&rv->done, VO_LONG));
	vma_owner_restore(obj->revoke);
	for (i = 0; i < ARRAY_SIZE(more); i++)
		vma_unpin(&more[i]->pin);
	vma_unpin(&idle->pin);
	vma_unpin(&imp->pin);
}

/* Each report comes after twice the time of the one before */
static void c8_drain_reports_ever_less(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);
	unsigned int before = vo_logged("used by vo-patient:");
	unsigned long patience = vma_owner_patience;
	unsigned long begin, took = 0;
	struct vo_revoker *rv;

	imp->client.name = "vo-patient";
	KUNIT_ASSERT_EQ(test, vo_imp_map(imp), 0);
	KUNIT_EXPECT_TRUE(test, vma_pin_enter(&imp->pin));
	vma_owner_patience = HZ / 10;
	begin = jiffies;
	rv = vo_revoker_start(obj, VMA_OWNER_TEMPORARY);
	while (took < VO_LONG && vo_logged("used by vo-patient:") < before + 3) {
		schedule_timeout_uninterruptible(HZ / 20);
		took = jiffies - begin;
	}
	vma_owner_patience = patience;
	KUNIT_EXPECT_LT(test, took, VO_LONG);
	KUNIT_EXPECT_GE(test, took, (1 + 2 + 4) * (HZ / 10));
	vma_pin_exit(&imp->pin);
	KUNIT_EXPECT_TRUE(test, vo_within(&rv->done, VO_LONG));
	vma_owner_restore(obj->revoke);
	vma_unpin(&imp->pin);
}

struct vo_stress {
	struct work_struct	work;
	struct vma_owner_mock		*obj;
	struct vo_imp		*imp;
	unsigned long		addr;
	bool			enters;
	int			pinned, mapped, refused;
	int			odd;	/* an errno that should not have come */
	int			gone;	/* entered, and nothing there */
};

/* Nobody has undone what is entered */
static void vo_stress_enter(struct vo_stress *s)
{
	if (!vma_pin_enter(&s->imp->pin))
		return;
	cond_resched();
	s->gone += vo_n(s->obj, extents) == vo_n(s->obj, put_extents);
	vma_pin_exit(&s->imp->pin);
}

static void vo_stress_round(struct vo_stress *s, unsigned int i)
{
	int ret = vo_pin(s->imp, s->addr, VO_SIZE);

	s->pinned += !ret;
	s->refused += ret == -ENODEV;
	if (ret && ret != -ENODEV)
		s->odd = ret;
	if (ret)
		return;
	ret = vo_imp_map(s->imp);
	s->mapped += !ret;
	if (ret && ret != -ENODEV)
		s->odd = ret;
	if (s->enters)
		vo_stress_enter(s);
	if (i % 2)
		vo_imp_unmap(s->imp);
	s->imp->want = false;
	vma_unpin(&s->imp->pin);
}

static void vo_stress_work(struct work_struct *work)
{
	struct vo_stress *s = container_of(work, struct vo_stress, work);
	unsigned int i;

	kthread_use_mm(s->obj->vo->mm);
	for (i = 0; i < VO_ROUNDS; i++)
		vo_stress_round(s, i);
	kthread_unuse_mm(s->obj->vo->mm);
}

static void c8_revoke_races_pin_map_and_unpin(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_stress s[3] = { };
	unsigned long addr = vo_map(obj);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(s); i++) {
		s[i].obj = obj;
		s[i].addr = addr;
		s[i].imp = vo_imp(test->priv, VO_TYPE1);
		s[i].enters = i == 2;
		INIT_WORK_ONSTACK(&s[i].work, vo_stress_work);
		queue_work(obj->vo->wq, &s[i].work);
	}
	for (i = 0; i < VO_ROUNDS; i++) {
		vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
		KUNIT_EXPECT_EQ(test, vo_n(obj, extents),
				vo_n(obj, put_extents));
		vma_owner_restore(obj->revoke);
		schedule_timeout_uninterruptible(i % 4 == 0);
	}
	for (i = 0; i < ARRAY_SIZE(s); i++) {
		flush_work(&s[i].work);
		destroy_work_on_stack(&s[i].work);
		KUNIT_EXPECT_EQ(test, s[i].odd, 0);
		KUNIT_EXPECT_EQ(test, s[i].gone, 0);
		KUNIT_EXPECT_EQ(test, s[i].pinned + s[i].refused, VO_ROUNDS);
	}
	KUNIT_EXPECT_EQ(test, vo_held(obj), 0);
	vma_owner_revoke(obj->revoke, VMA_OWNER_PERMANENT);
}

/* ------------------------------------------------------------------------- */
/* 16. A cache asks again                                                    */

static void c16_still_there(struct kunit *test)
{
	struct vma_owner_mock *a = vo_obj(test->priv), *b = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_area(test->priv, 2);
	struct vma_pin *pin = &imp->pin;

	vo_map_at(a, addr, 1, 2);
	KUNIT_ASSERT_EQ(test, vo_pin(imp, addr + 100, PAGE_SIZE + 8), 0);
	KUNIT_EXPECT_TRUE(test, vma_pin_still_there(pin));
	vo_unmap(test->priv, addr, 2);
	KUNIT_EXPECT_FALSE(test, vma_pin_still_there(pin));
	vo_map_at(a, addr, 0, 2);
	KUNIT_EXPECT_FALSE(test, vma_pin_still_there(pin));
	vo_map_at(b, addr, 1, 2);
	KUNIT_EXPECT_FALSE(test, vma_pin_still_there(pin));
	vo_map_at(a, addr, 1, 1);
	KUNIT_EXPECT_FALSE(test, vma_pin_still_there(pin));
	vo_anon_at(test->priv, addr, 2, PROT_READ | PROT_WRITE);
	KUNIT_EXPECT_FALSE(test, vma_pin_still_there(pin));
	/* In two pieces, and not to be written any more */
	vo_map_at(a, addr, 1, 1);
	vo_mmap_at(test->priv, a->file, addr + PAGE_SIZE, 2, 1, PROT_READ,
		   MAP_SHARED);
	KUNIT_EXPECT_TRUE(test, vma_pin_still_there(pin));
	/* What may be done with it was asked when it was pinned */
	vo_mmap_at(test->priv, a->file, addr, 1, 2, PROT_NONE, MAP_SHARED);
	KUNIT_EXPECT_TRUE(test, vma_pin_still_there(pin));
	KUNIT_EXPECT_EQ(test, vo_held(a), 1);
	KUNIT_EXPECT_EQ(test, vo_held(b), 0);
	vma_unpin(pin);
}

static void c16_ordinary_memory_still_there(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_anon(test->priv, 2);
	struct vma_pin *pin = &imp->pin;

	KUNIT_ASSERT_EQ(test, vo_pin(imp, addr, 2 * PAGE_SIZE), 0);
	KUNIT_EXPECT_TRUE(test, vma_pin_still_there(pin));
	vo_unmap(test->priv, addr, 2);
	KUNIT_EXPECT_TRUE(test, vma_pin_still_there(pin));
	vo_anon_at(test->priv, addr, 2, PROT_READ | PROT_WRITE);
	/* The second time nobody need look */
	KUNIT_EXPECT_TRUE(test, vma_pin_still_there(pin));
	KUNIT_EXPECT_TRUE(test, vma_pin_still_there(pin));
	vo_map_at(obj, addr + PAGE_SIZE, 0, 1);
	KUNIT_EXPECT_FALSE(test, vma_pin_still_there(pin));
	/* An owner behind a hole is one, too */
	vo_unmap(test->priv, addr, 1);
	KUNIT_EXPECT_FALSE(test, vma_pin_still_there(pin));
	KUNIT_EXPECT_EQ(test, vo_held(obj), 0);
	vma_unpin(pin);
}

/* Who has looked at an mm keeps it, or the next one at that address would be it */
static void c16_mm_that_was_seen_is_kept(struct kunit *test)
{
	unsigned long addr = vo_anon(test->priv, 1);
	struct vo_imp *imp[64];
	unsigned int at;
	int before, i;

	if (!mmap_lock_speculate_try_begin(current->mm, &at))
		kunit_skip(test, "needs to see whether VMAs change");
	for (i = 0; i < ARRAY_SIZE(imp); i++) {
		imp[i] = vo_imp(test->priv, VO_STATIC);
		KUNIT_ASSERT_EQ(test, vo_pin(imp[i], addr, 1), 0);
	}
	/* Processors that idle in it hold some as well */
	before = atomic_read(&current->mm->mm_count);
	for (i = 0; i < ARRAY_SIZE(imp); i++)
		KUNIT_EXPECT_TRUE(test, vma_pin_still_there(&imp[i]->pin));
	KUNIT_EXPECT_GE(test, atomic_read(&current->mm->mm_count),
			before + i / 2);
	for (i = 0; i < ARRAY_SIZE(imp); i++)
		vma_unpin(&imp[i]->pin);
	KUNIT_EXPECT_LE(test, atomic_read(&current->mm->mm_count),
			before + i / 2);
}

/* No VMA changes for that */
static void c16_not_mine_becomes_mine(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	struct vma_pin *pin = &imp->pin;

	obj->tryget_err = -ENOENT;
	obj->pfnmap = false;
	KUNIT_ASSERT_EQ(test, vo_pin(imp, vo_map(obj), VO_SIZE), 0);
	KUNIT_EXPECT_TRUE(test, vma_pin_still_there(pin));
	KUNIT_EXPECT_TRUE(test, vma_pin_still_there(pin));
	obj->tryget_err = 0;
	KUNIT_EXPECT_FALSE(test, vma_pin_still_there(pin));
	vma_unpin(pin);
}

static void c16_lost_for_good_is_not_there(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);

	KUNIT_EXPECT_TRUE(test, vma_pin_still_there(&imp->pin));
	vma_owner_revoke(obj->revoke, VMA_OWNER_PERMANENT);
	KUNIT_EXPECT_FALSE(test, vma_pin_still_there(&imp->pin));
	vma_unpin(&imp->pin);
}

/* ------------------------------------------------------------------------- */
/* 19. A drain is bounded                                                    */

struct vo_crowd {
	struct work_struct	work;
	struct vo_imp		*imp;
	bool			*stop;
	unsigned long		tries;
	unsigned long		entered;
};

static void vo_crowd_work(struct work_struct *work)
{
	struct vo_crowd *c = container_of(work, struct vo_crowd, work);
	struct vma_pin *pin = &c->imp->pin;

	while (!READ_ONCE(*c->stop)) {
		vo_imp_map(c->imp);
		if (vma_pin_enter(pin)) {
			WRITE_ONCE(c->entered, c->entered + 1);
			vma_pin_exit(pin);
		}
		vo_drop_extents(pin);
		WRITE_ONCE(c->tries, c->tries + 1);
		cond_resched();
	}
}

static void vo_drain_work(struct work_struct *work)
{
	struct vo_revoker *rv = container_of(work, struct vo_revoker, work);

	complete(&rv->obj->entered);
	vma_owner_revoke_drain(rv->obj->revoke);
	complete(&rv->done);
}

/*
 * Somebody drains, and the memory is restored and used by another before it is
 * known there: the case has the processor for itself till it sleeps.
 */
static struct vo_revoker *vo_restored_while_drained(struct vo_imp *imp,
						    struct vma_owner_mock *obj)
{
	struct vo_revoker *rv = kunit_kzalloc(obj->test, sizeof(*rv), GFP_KERNEL);
	unsigned int cpu = cpumask_first(cpu_online_mask);

	if (!rv)
		return NULL;
	rv->obj = obj;
	init_completion(&rv->done);
	INIT_WORK(&rv->work, vo_drain_work);
	set_cpus_allowed_ptr(current, cpumask_of(cpu));
	sched_set_fifo_low(current);
	if (!vma_pin_enter(&imp->pin))
		return NULL;
	vma_owner_revoke_begin(obj->revoke, VMA_OWNER_TEMPORARY);
	schedule_work_on(cpu, &rv->work);
	/* It waits now: nobody else runs here */
	wait_for_completion(&obj->entered);
	if (vo_within(&rv->done, HZ / 10))
		return NULL;
	vma_owner_restore(obj->revoke);
	vma_pin_exit(&imp->pin);
	return vma_pin_enter(&imp->pin) ? rv : NULL;
}

/* Whom a restore let in is not waited for: that is another revoke's to do */
static void c19_drain_ends_with_the_restore(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);
	struct vo_revoker *rv;

	KUNIT_ASSERT_EQ(test, vo_imp_map(imp), 0);
	rv = vo_restored_while_drained(imp, obj);
	KUNIT_ASSERT_NOT_NULL(test, rv);
	vma_owner_revoke_begin(obj->revoke, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_TRUE(test, vo_within(&rv->done, VO_LONG));
	vma_pin_exit(&imp->pin);
	vma_owner_revoke_drain(obj->revoke);
	vma_owner_restore(obj->revoke);
	KUNIT_EXPECT_TRUE(test, vo_is_mapped(imp));
	flush_work(&rv->work);
	vma_unpin(&imp->pin);
}

/* It drops what pins hold only if nobody uses that; who took it for good does */
static void c19_drain_of_what_is_gone_meanwhile(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);
	struct vo_revoker *rv;

	KUNIT_ASSERT_EQ(test, vo_imp_map(imp), 0);
	rv = vo_restored_while_drained(imp, obj);
	KUNIT_ASSERT_NOT_NULL(test, rv);
	vma_owner_revoke_begin(obj->revoke, VMA_OWNER_PERMANENT);
	KUNIT_EXPECT_TRUE(test, vo_within(&rv->done, VO_LONG));
	KUNIT_EXPECT_NOT_NULL(test, imp->pin.ref.ops);
	flush_work(&rv->work);
	vma_pin_exit(&imp->pin);
	vma_owner_revoke_drain(obj->revoke);
	KUNIT_EXPECT_NULL(test, imp->pin.ref.ops);
	vma_unpin(&imp->pin);
}

/* As many as there are processors, and two at least */
static struct vo_crowd *vo_crowd(struct vma_owner_mock *obj, unsigned int n,
				 work_func_t work, bool *stop)
{
	struct vo_crowd *c = kunit_kzalloc(obj->test, array_size(n, sizeof(*c)),
					   GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(obj->test, c);
	for (i = 0; i < n; i++) {
		c[i].stop = stop;
		c[i].imp = vo_pinned(obj, VO_TYPE1);
		c[i].imp->client.restore = NULL;
		INIT_WORK(&c[i].work, work);
	}
	return c;
}

static void vo_crowd_start(struct vma_owner_mock *obj, struct vo_crowd *c,
			   unsigned int n)
{
	unsigned long end = jiffies + VO_LONG;
	unsigned int i;

	for (i = 0; i < n; i++)
		queue_work(obj->vo->wq, &c[i].work);
	for (i = 0; i < n; i++) {
		while (!READ_ONCE(c[i].tries) && time_before(jiffies, end))
			schedule_timeout_uninterruptible(1);
	}
}

static void vo_crowd_end(struct vma_owner_mock *obj, struct vo_crowd *c,
			 unsigned int n)
{
	WRITE_ONCE(*c->stop, true);
	while (n--) {
		flush_work(&c[n].work);
		KUNIT_EXPECT_GT(obj->test, c[n].tries, 0);
		vma_unpin(&c[n].imp->pin);
	}
}

/* How often a drain had to sleep: what others do meanwhile depends on the machine */
static unsigned long vo_drain_sleeps(struct vma_owner_mock *obj)
{
	unsigned long before = current->nvcsw;

	vma_owner_revoke_drain(obj->revoke);
	return current->nvcsw - before;
}

/*
 * Whoever comes after the mark is turned away and not waited for: a drain sleeps
 * for those who are in, and for the lock before and after.
 */
static void c19_drain_cannot_be_starved(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	unsigned int n = max(num_online_cpus(), 2U), i, round;
	unsigned long *before = kunit_kzalloc(test,
					      array_size(n, sizeof(*before)),
					      GFP_KERNEL);
	unsigned long late = 0;
	bool stop = false;
	struct vo_crowd *c;

	KUNIT_ASSERT_NOT_NULL(test, before);
	c = vo_crowd(obj, n, vo_crowd_work, &stop);
	vo_crowd_start(obj, c, n);
	for (round = 0; round < 100; round++) {
		vma_owner_revoke_begin(obj->revoke, VMA_OWNER_TEMPORARY);
		for (i = 0; i < n; i++)
			before[i] = READ_ONCE(c[i].entered) + 1;
		KUNIT_EXPECT_LE(test, vo_drain_sleeps(obj), 3);
		for (i = 0; i < n; i++)
			late += READ_ONCE(c[i].entered) > before[i];
		KUNIT_EXPECT_EQ(test, vo_n(obj, extents),
				vo_n(obj, put_extents));
		vma_owner_restore(obj->revoke);
		schedule_timeout_uninterruptible(round % 8 == 0);
	}
	vo_crowd_end(obj, c, n);
	KUNIT_EXPECT_EQ(test, late, 0);
}

/* Somebody who is turned away again and again */
static void vo_refused_work(struct work_struct *work)
{
	struct vo_crowd *c = container_of(work, struct vo_crowd, work);

	while (!READ_ONCE(*c->stop)) {
		c->entered += vma_pin_enter(&c->imp->pin);
		WRITE_ONCE(c->tries, c->tries + 1);
		cond_resched();
	}
}

/* Nobody is in: it does not sleep at all, whoever is being turned away just then */
static void c19_refused_are_not_waited_for(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	unsigned int n = num_online_cpus(), i, round;
	unsigned long sleeps = 0;
	bool stop = false;
	struct vo_crowd *c;

	if (n < 2)
		kunit_skip(test, "needs two processors");
	c = vo_crowd(obj, n, vo_refused_work, &stop);
	for (i = 0; i < n; i++)
		KUNIT_EXPECT_EQ(test, vo_imp_map(c[i].imp), 0);
	vma_owner_revoke_begin(obj->revoke, VMA_OWNER_TEMPORARY);
	vo_crowd_start(obj, c, n);
	for (round = 0; round < 200; round++) {
		sleeps += vo_drain_sleeps(obj);
		schedule_timeout_uninterruptible(round % 8 == 0);
	}
	vo_crowd_end(obj, c, n);
	for (i = 0; i < n; i++)
		KUNIT_EXPECT_EQ(test, c[i].entered, 0);
	KUNIT_EXPECT_EQ(test, sleeps, 0);
	vma_owner_restore(obj->revoke);
}

struct kunit_case vo_revoke_cases[] = {
	KUNIT_CASE(c8_pin_refused_while_revoked),
	KUNIT_CASE(c8_revoke_inside_pin),
	KUNIT_CASE(c8_pin_queued_behind_revoke),
	KUNIT_CASE(c8_mappings_refused_while_revoked),
	KUNIT_CASE(c8_mark_then_zap_then_invalidate),
	KUNIT_CASE(c8_each_pin_is_told_once),
	KUNIT_CASE(c8_dma_mapping_undone_by_revoke),
	KUNIT_CASE(c8_revoke_without_pins),
	KUNIT_CASE(c8_drain_waits_for_work_item),
	KUNIT_CASE(c8_drain_waits_for_exit_and_unpin),
	KUNIT_CASE(c8_drain_waits_only_for_those_inside),
	KUNIT_CASE(c8_drain_ignores_failed_mappings),
	KUNIT_CASE(c8_begin_does_not_wait),
	KUNIT_CASE(c8_cpu_mappings_zapped),
	KUNIT_CASE(c8_late_fault_is_zapped),
	KUNIT_CASE(c18_fault_of_another_owner_not_waited_for),
	KUNIT_CASE(c8_temporary_losses_nest),
	KUNIT_CASE(c8_permanent_after_temporary),
	KUNIT_CASE(c8_temporary_after_permanent),
	KUNIT_CASE(c8_temporary_before_the_permanent_drain),
	KUNIT_CASE(c8_permanent_leaves_an_empty_shell),
	KUNIT_CASE(c8_temporary_keeps_the_object),
	KUNIT_CASE(c8_unpin_while_revoked),
	KUNIT_CASE(c8_handle_outlives_the_exporter),
	KUNIT_CASE(c8_two_objects_one_handle),
	KUNIT_CASE(c8_restore_maps_again),
	KUNIT_CASE(c8_restore_calls_those_who_asked),
	KUNIT_CASE(c8_failed_restore_is_tried_again),
	KUNIT_CASE(c8_restore_once_too_often),
	KUNIT_CASE(c8_restore_before_the_last_exit),
	KUNIT_CASE_PARAM(c8_revoke_before_the_last_exit, vo_loss_gen_params),
	KUNIT_CASE(c8_no_revoke_by_a_move),
	KUNIT_CASE_SLOW(c8_drain_says_whom_it_waits_for),
	KUNIT_CASE(c8_drain_reports_ever_less),
	KUNIT_CASE(c8_revoke_races_pin_map_and_unpin),
	KUNIT_CASE(c16_still_there),
	KUNIT_CASE(c16_ordinary_memory_still_there),
	KUNIT_CASE(c16_mm_that_was_seen_is_kept),
	KUNIT_CASE(c16_not_mine_becomes_mine),
	KUNIT_CASE(c16_lost_for_good_is_not_there),
	KUNIT_CASE(c19_drain_ends_with_the_restore),
	KUNIT_CASE(c19_drain_of_what_is_gone_meanwhile),
	KUNIT_CASE(c19_drain_cannot_be_starved),
	KUNIT_CASE(c19_refused_are_not_waited_for),
	{}
};
