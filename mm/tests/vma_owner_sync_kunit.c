// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests for VMA owners: hand-over by what the owner itself does.
 */
#include "vma_owner_kunit.h"

struct vo_dir {
	const char		*name;
	enum dma_data_direction	dir;	/* of the device */
	enum dma_data_direction	buf;	/* of the dma-buf */
};

static const struct vo_dir vo_dirs[] = {
	{ "to device", DMA_TO_DEVICE, DMA_TO_DEVICE },
	{ "both ways", DMA_BIDIRECTIONAL, DMA_BIDIRECTIONAL },
	/* The exporter must not undo what the CPU writes beside the range */
	{ "from device", DMA_FROM_DEVICE, DMA_BIDIRECTIONAL },
};

KUNIT_ARRAY_PARAM_DESC(vo_dir, vo_dirs, name);

static const struct vo_param vo_syncs[] = {
	{ "by the DMA API", VMA_OWNER_SYNC_DMA },
	{ "never", VMA_OWNER_SYNC_NEVER },
};

KUNIT_ARRAY_PARAM_DESC(vo_sync, vo_syncs, name);

static void vo_expect_dir(struct vma_owner_mock *obj, enum dma_data_direction dir)
{
	KUNIT_EXPECT_EQ(obj->test, obj->begin_dir, dir);
	KUNIT_EXPECT_EQ(obj->test, obj->end_dir, dir);
	obj->begin_dir = DMA_NONE;
	obj->end_dir = DMA_NONE;
}

static void c14_direction_is_that_of_the_mapping(struct kunit *test)
{
	const struct vo_dir *t = test->param_value;
	struct vma_owner_mock *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_TYPE1);
	struct vma_pin *pin = &imp->pin;

	vma_pin_map_dma_unlocked(pin, imp->dev, t->dir);
	KUNIT_EXPECT_EQ(test, obj->sgt_dir, t->buf);
	vma_pin_unmap_dma_unlocked(pin);
	vma_pin_map_dma_unlocked(pin, imp->dev, DMA_TO_DEVICE);
	KUNIT_EXPECT_EQ(test, obj->sgt_dir, DMA_TO_DEVICE);
	vma_unpin(pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, begin_cpu), 0);
	KUNIT_EXPECT_EQ(test, vo_n(obj, end_cpu), 0);
}

static struct vma_owner_mock *vo_obj_unknown(struct vo *vo)
{
	struct vma_owner_mock *obj = vo_obj_dmabuf(vo);

	obj->sync = VMA_OWNER_SYNC_UNKNOWN;
	return obj;
}

/* In the direction of the mapping for the kernel, whatever the device's is */
static void c14_direction_is_that_of_the_kernel_mapping(struct kunit *test)
{
	const struct vo_dir *t = test->param_value;
	struct vma_owner_mock *obj = vo_obj_unknown(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);
	struct vma_pin *pin = &imp->pin;
	int i;

	vma_pin_map_dma_unlocked(pin, imp->dev, DMA_BIDIRECTIONAL);
	for (i = 1; i < 3; i++) {
		KUNIT_EXPECT_FALSE(test,
				   IS_ERR(vma_pin_vmap_unlocked(pin, t->dir)));
		KUNIT_EXPECT_EQ(test, vma_pin_sync_for_cpu(pin), 0);
		KUNIT_EXPECT_EQ(test, vma_pin_sync_for_device(pin), 0);
		vo_expect_dir(obj, t->dir);
		KUNIT_EXPECT_EQ(test, vo_n(obj, begin_cpu), i);
		KUNIT_EXPECT_EQ(test, vo_n(obj, end_cpu), i);
		vma_pin_vunmap_unlocked(pin);
	}
	vma_unpin(pin);
}

/* Only who says nothing of syncs is asked for them */
static void c14_kernel_mapping_of_a_known_owner(struct kunit *test)
{
	const struct vo_param *t = test->param_value;
	struct vma_owner_mock *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_STATIC);
	struct vma_pin *pin = &imp->pin;

	obj->sync = t->value;
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, vo_kmap(pin));
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_cpu(pin), 0);
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_device(pin), 0);
	vma_unpin(pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, begin_cpu), 0);
	KUNIT_EXPECT_EQ(test, vo_n(obj, end_cpu), 0);
}

/* What the kernel alone accesses: begun when it says so, and no sooner */
static void c14_kernel_mapping_alone(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_unknown(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_STATIC);
	struct vma_pin *pin = &imp->pin;

	KUNIT_ASSERT_FALSE(test, IS_ERR(vma_pin_vmap_unlocked(pin, DMA_TO_DEVICE)));
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_device(pin), 0);
	KUNIT_EXPECT_EQ(test, vo_n(obj, begin_cpu), 0);
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_cpu(pin), 0);
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_cpu(pin), 0);
	KUNIT_EXPECT_EQ(test, vo_n(obj, begin_cpu), 1);
	KUNIT_EXPECT_EQ(test, vo_n(obj, end_cpu), 0);
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_device(pin), 0);
	vo_expect_dir(obj, DMA_TO_DEVICE);
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_cpu(pin), 0);
	vma_unpin(pin);
	vo_expect_dir(obj, DMA_TO_DEVICE);
	KUNIT_EXPECT_EQ(test, vo_n(obj, end_cpu), 2);
}

static void c14_kernel_mapping_must_fit_the_pin(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	struct vma_pin *pin = &imp->pin;

	KUNIT_ASSERT_EQ(test, vo_pin_flags(imp, vo_map(obj), VO_SIZE, 0), 0);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_vmap_unlocked(pin, DMA_TO_DEVICE)),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_vmap_unlocked(pin, DMA_NONE)), -EINVAL);
	KUNIT_EXPECT_FALSE(test, IS_ERR(vma_pin_vmap_unlocked(pin, DMA_FROM_DEVICE)));
	vma_unpin(pin);
}

/* No end without a begin; and the next call tries again */
static void c14_begin_fails(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_unknown(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_STATIC);
	struct vma_pin *pin = &imp->pin;

	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, vo_kmap(pin));
	obj->begin_err = -EINTR;
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_cpu(pin), -EINTR);
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_cpu(pin), -EINTR);
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_device(pin), 0);
	KUNIT_EXPECT_EQ(test, vo_n(obj, end_cpu), 0);
	obj->begin_err = 0;
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_cpu(pin), 0);
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_device(pin), 0);
	KUNIT_EXPECT_EQ(test, vo_n(obj, begin_cpu), 1);
	KUNIT_EXPECT_EQ(test, vo_n(obj, end_cpu), 1);
	obj->begin_err = -EINTR;
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_cpu(pin), -EINTR);
	vma_unpin(pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, end_cpu), 1);
}

/* The access has ended nonetheless, and ends once */
static void c14_end_fails(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_unknown(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_STATIC);
	struct vma_pin *pin = &imp->pin;

	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, vo_kmap(pin));
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_cpu(pin), 0);
	obj->end_err = -EIO;
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_device(pin), -EIO);
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_device(pin), 0);
	KUNIT_EXPECT_EQ(test, vo_n(obj, end_cpu), 1);
	obj->end_err = 0;
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_cpu(pin), 0);
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_device(pin), 0);
	KUNIT_EXPECT_EQ(test, vo_n(obj, begin_cpu), 2);
	KUNIT_EXPECT_EQ(test, vo_n(obj, end_cpu), 2);
	vma_unpin(pin);
}

/* A move takes the device's mapping away; the CPU's access goes on, and ends */
static void c14_move_while_begun(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_unknown(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_IOMMUFD);
	struct vma_pin *pin = &imp->pin;

	KUNIT_ASSERT_EQ(test, vo_imp_map(imp), 0);
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, vo_kmap(pin));
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_cpu(pin), 0);
	vo_move(obj, 0);
	KUNIT_EXPECT_NULL(test, vma_pin_dma_table(pin));
	KUNIT_EXPECT_NOT_NULL(test, vma_pin_vaddr(pin));
	KUNIT_EXPECT_EQ(test, vo_n(obj, vunmap), 0);
	KUNIT_EXPECT_EQ(test, vo_n(obj, end_cpu), 0);
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_device(pin), 0);
	KUNIT_EXPECT_EQ(test, vo_n(obj, end_cpu), 1);
	vma_unpin(pin);
}

/* Syncs and unmapping wait for nobody, and so nobody can keep a process alive */
static void c14_fences_not_waited_for(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_unknown(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);
	struct vo_signal *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);
	struct vma_pin *pin = &imp->pin;

	KUNIT_ASSERT_NOT_NULL(test, s);
	vma_pin_map_dma_unlocked(pin, imp->dev, DMA_FROM_DEVICE);
	vo_kmap(pin);
	vo_signal_later(obj, s, DMA_RESV_USAGE_KERNEL, VO_LONG);
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_device(pin), 0);
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_cpu(pin), 0);
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_device(pin), 0);
	vma_unpin(pin);
	KUNIT_EXPECT_FALSE(test, dma_fence_is_signaled(s->fence));
	vo_signal_end(s);
}

/* ------------------------------------------------------------------------- */
/* 15. Who cannot sync is not mapped                                         */

static void c15_nothing_to_sync(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_unknown(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);
	struct vma_pin *pin = &imp->pin;

	obj->ops.get_dmabuf = vo_get_dmabuf_no_vmap;
	vo_expect_dma(imp, vma_pin_map_dma_unlocked(pin, imp->dev, DMA_TO_DEVICE),
		      obj->pages, 0, VO_SIZE);
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_device(pin), 0);
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_cpu(pin), 0);
	vma_unpin(pin);
}

#ifdef MODULE

/* Stands for all of them, so that a report tells that they are not there */
static void c14_cases_of_the_shadow(struct kunit *test)
{
	kunit_skip(test, "hand-over and edges include vma-pin.c, which needs the kernel itself");
}

#endif

struct kunit_case vo_sync_cases[] = {
	KUNIT_CASE_PARAM(c14_direction_is_that_of_the_mapping,
			 vo_dir_gen_params),
	KUNIT_CASE(c14_kernel_mapping_alone),
	KUNIT_CASE(c14_kernel_mapping_must_fit_the_pin),
	KUNIT_CASE_PARAM(c14_direction_is_that_of_the_kernel_mapping,
			 vo_dir_gen_params),
	KUNIT_CASE_PARAM(c14_kernel_mapping_of_a_known_owner,
			 vo_sync_gen_params),
	KUNIT_CASE(c14_begin_fails),
	KUNIT_CASE(c14_end_fails),
	KUNIT_CASE(c14_move_while_begun),
	KUNIT_CASE(c14_fences_not_waited_for),
	KUNIT_CASE(c15_nothing_to_sync),
#ifdef MODULE
	KUNIT_CASE(c14_cases_of_the_shadow),
#endif
	{}
};
