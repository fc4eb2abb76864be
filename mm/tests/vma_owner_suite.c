// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests for VMA owners: the suite.
 *
 * A mock exporter and two mock importers stand in for drivers. The number in
 * the name of a case is that of the contract in Documentation/mm/vma_owner.rst
 * which it holds the code to; errno_* cases are the rows of the errno table in
 * linux/vma_owner.h.
 *
 * What every case checks at its end is in vo_exit(): references, extents and
 * kernel mappings taken from an exporter have all been given back, no pin is
 * left, and buffers, files and revoke handles are gone once nobody holds them.
 */
#include <linux/module.h>
#include "vma_owner_kunit.h"

static struct vma_owner_mock *vo_obj_what(struct vo *vo, unsigned int what)
{
	struct vma_owner_mock *obj = vo_obj_alloc(vo->test,
						  what | VOM_SCATTERED);

	KUNIT_ASSERT_NOT_NULL(vo->test, obj);
	obj->vo = vo;
	obj->vma_counts = true;
	list_add_tail(&obj->node, &vo->objs);
	return obj;
}

/* A static buffer */
struct vma_owner_mock *vo_obj(struct vo *vo)
{
	return vo_obj_what(vo, 0);
}

struct vma_owner_mock *vo_obj_revocable(struct vo *vo)
{
	return vo_obj_what(vo, VOM_REVOCABLE);
}

struct vma_owner_mock *vo_obj_dmabuf(struct vo *vo)
{
	return vo_obj_what(vo, VOM_DMABUF);
}

/* A dma-buf whose mmap names the owner that all dma-bufs may share */
struct vma_owner_mock *vo_obj_generic_size(struct vo *vo, size_t size)
{
	struct vma_owner_mock *obj = vo_obj(vo);
	struct dma_buf *dmabuf = vo_export_size(obj, &vo_buf_ops, size);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(vo->test, dmabuf);
	obj->vm_ops = &vo_vm_ops_generic;
	return obj;
}

struct vma_owner_mock *vo_obj_generic(struct vo *vo)
{
	return vo_obj_generic_size(vo, VO_SIZE);
}

static int vo_init(struct kunit *test)
{
	struct vo *vo = kzalloc_obj(*vo);
	int ret;

	if (!vo)
		return -ENOMEM;
	vo->test = test;
	INIT_LIST_HEAD(&vo->objs);
	INIT_LIST_HEAD(&vo->imps);
	test->priv = vo;
	vo->handles = atomic_read(&vma_owner_revoke_nr);
	vo->wq = alloc_workqueue("vma_owner_kunit", WQ_UNBOUND, 0);
	if (!vo->wq)
		return -ENOMEM;
	ret = kunit_attach_mm();
	vo->mm = current->mm;
	return ret;
}

/* A case that was aborted leaves work, pins and threads behind */
static void vo_exit_imps(struct vo *vo)
{
	struct vo_imp *imp;

	list_for_each_entry(imp, &vo->imps, node) {
		complete_all(&imp->go);
		flush_work(&imp->work);
	}
	vma_unpin_barrier();
	list_for_each_entry(imp, &vo->imps, node) {
		KUNIT_EXPECT_NULL_MSG(vo->test, imp->pin.client,
				      "a pin was left");
		if (imp->pin.client)
			vma_unpin(&imp->pin);
	}
}

static void vo_exit_objs(struct vo *vo)
{
	struct kunit *test = vo->test;
	struct vma_owner_mock *obj;

	list_for_each_entry(obj, &vo->objs, node) {
		vo_obj_unregister(obj);
		vo_obj_close(obj);
	}
	list_for_each_entry(obj, &vo->objs, node) {
		KUNIT_EXPECT_TRUE_MSG(test, vo_alive_is(obj, 0),
				      "a reference to it or its file was left");
		KUNIT_EXPECT_EQ(test, vo_n(obj, got), vo_n(obj, put));
		KUNIT_EXPECT_EQ(test, vo_n(obj, extents),
				vo_n(obj, put_extents));
		KUNIT_EXPECT_EQ(test, vo_n(obj, vmap), vo_n(obj, vunmap));
		KUNIT_EXPECT_EQ(test, vo_n(obj, attach), vo_n(obj, detach));
		KUNIT_EXPECT_EQ(test, vo_n(obj, pin), vo_n(obj, unpin));
		KUNIT_EXPECT_EQ(test, vo_n(obj, map), vo_n(obj, unmap));
		KUNIT_EXPECT_EQ(test, vo_n(obj, begin_cpu),
				vo_n(obj, end_cpu));
	}
}

static void vo_exit(struct kunit *test)
{
	struct vo *vo = test->priv;
	struct vma_owner_mock *obj, *next_obj;
	struct vo_imp *imp, *next_imp;

	if (!vo)
		return;
	vo_exit_imps(vo);
	vo_exit_objs(vo);
	if (vo->wq)
		destroy_workqueue(vo->wq);
	list_for_each_entry(obj, &vo->objs, node)
		if (atomic_read(&obj->alive))
			return;	/* somebody may still use all this */
	list_for_each_entry_safe(obj, next_obj, &vo->objs, node)
		vo_obj_free(obj);
	list_for_each_entry_safe(imp, next_imp, &vo->imps, node)
		kfree(imp);
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(&vma_owner_revoke_nr),
			    vo->handles, "a revoke handle was left");
	kfree(vo);
}

static struct kunit_case *const vo_tables[] = {
	vo_pin_cases, vo_map_cases, vo_lock_cases, vo_revoke_cases,
	vo_visible_cases, vo_sync_cases,
#ifndef MODULE
	vo_handover_cases, vo_edge_cases,
#endif
};

/* All of these, and an empty one at the end */
static struct kunit_case vo_cases[512];

static struct kunit_suite vo_suite = {
	.name		= "vma_owner",
	.init		= vo_init,
	.exit		= vo_exit,
	.test_cases	= vo_cases,
};

kunit_test_suite(vo_suite);

/* KUnit runs suites when the kernel has booted, or the module is live */
static int __init vo_collect(void)
{
	unsigned int i, n = 0;
	struct kunit_case *c;

	for (i = 0; i < ARRAY_SIZE(vo_tables); i++)
		for (c = vo_tables[i]; c->run_case; c++)
			if (n < ARRAY_SIZE(vo_cases) - 1)
				vo_cases[n++] = *c;
	return WARN_ON(n == ARRAY_SIZE(vo_cases) - 1) ? -E2BIG : 0;
}
module_init(vo_collect);

/* Without one, the module could not be unloaded */
static void __exit vo_end(void)
{
}
module_exit(vo_end);

MODULE_DESCRIPTION("KUnit tests for VMA owners");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("DMA_BUF");
MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
