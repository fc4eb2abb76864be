// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests for VMA owners: what is pinned is mapped.
 */
#include <linux/pci.h>
#include <linux/pci-p2pdma.h>
#include <linux/vmalloc.h>
#include "vma_owner_kunit.h"

/* ------------------------------------------------------------------------- */
/* 6. dma-buf first; extents; kernel mappings                                */

static void c6_dma_of_ordinary_memory(struct kunit *test)
{
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_STATIC);
	unsigned long addr = vo_anon(test->priv, 3) + 40;
	struct sg_table *sgt;

	KUNIT_ASSERT_EQ(test, vo_pin(imp, addr, 2 * PAGE_SIZE), 0);
	sgt = vma_pin_map_dma_unlocked(&imp->pin, imp->dev, DMA_BIDIRECTIONAL);
	vo_expect_dma(imp, sgt, imp->pin.pages, 40, 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_device(&imp->pin), 0);
	KUNIT_EXPECT_EQ(test, vma_pin_sync_for_cpu(&imp->pin), 0);
	vma_unpin(&imp->pin);
}

static const struct vo_param vo_memtypes[] = {
	{ "RAM", VMA_OWNER_RAM }, { "RAM_FIXED", VMA_OWNER_RAM_FIXED },
};

KUNIT_ARRAY_PARAM_DESC(vo_memtype, vo_memtypes, name);

static void c6_dma_of_extents(struct kunit *test)
{
	const struct vo_param *t = test->param_value;
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_STATIC);
	struct scatterlist *sg;
	struct sg_table *sgt;
	int i;

	obj->type = t->value;
	KUNIT_ASSERT_EQ(test, vo_pin(imp, vo_map(obj) + 300, 2 * PAGE_SIZE), 0);
	sgt = vma_pin_map_dma_unlocked(&imp->pin, imp->dev, DMA_BIDIRECTIONAL);
	vo_expect_dma(imp, sgt, obj->pages, 300, 2 * PAGE_SIZE);
	for_each_sgtable_dma_sg(sgt, sg, i) {
		KUNIT_EXPECT_NULL(test, sg_page(sg));
		KUNIT_EXPECT_EQ(test, sg->offset,
				offset_in_page(sg_dma_address(sg)));
		KUNIT_EXPECT_EQ(test, !!sg_is_last(sg), i == sgt->nents - 1);
	}
	KUNIT_EXPECT_EQ(test, vo_n(obj, extents), 1);
	vma_pin_unmap_dma_unlocked(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 1);
	vma_unpin(&imp->pin);
}

/* A table that ends: also where one entry is all there is */
static void c6_dma_of_one_entry(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_STATIC);
	unsigned long addrs[] = { vo_anon(test->priv, 1), vo_map(obj) };
	struct sg_table *sgt;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(addrs); i++) {
		KUNIT_ASSERT_EQ(test, vo_pin(imp, addrs[i] + 8, 100), 0);
		sgt = vma_pin_map_dma_unlocked(&imp->pin, imp->dev,
					       DMA_BIDIRECTIONAL);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
		KUNIT_EXPECT_EQ(test, sgt->nents, 1);
		KUNIT_EXPECT_TRUE(test, sg_is_last(sgt->sgl));
		KUNIT_EXPECT_EQ(test, sg_dma_len(sgt->sgl), 100);
		vma_unpin(&imp->pin);
	}
}

static void c6_dma_of_mmio_without_provider(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp;

	obj->type = VMA_OWNER_MMIO;
	imp = vo_pinned_dev(obj, VO_STATIC);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma_unlocked(&imp->pin, imp->dev,
							       DMA_TO_DEVICE)),
			-EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 1);
	vma_unpin(&imp->pin);
}

/* A provider whose device has no peer-to-peer memory: nobody can reach it */
static void c6_dma_of_mmio_out_of_reach(struct kunit *test)
{
	struct pci_dev *pdev = kunit_kzalloc(test, sizeof(*pdev), GFP_KERNEL);
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct p2pdma_provider provider;
	struct vo_imp *imp;

	KUNIT_ASSERT_NOT_NULL(test, pdev);
	provider = (struct p2pdma_provider) { .owner = &pdev->dev };
	obj->type = VMA_OWNER_MMIO;
	obj->provider = &provider;
	imp = vo_pinned_dev(obj, VO_STATIC);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma_unlocked(&imp->pin, imp->dev,
							       DMA_TO_DEVICE)),
			-EOPNOTSUPP);
	vma_unpin(&imp->pin);
}

static const struct vo_param vo_limits[] = {
	{ "of the device", false }, { "of its bus", true },
};

KUNIT_ARRAY_PARAM_DESC(vo_limit, vo_limits, name);

/* User space chose the two: no warning, but an errno */
static void c6_dma_beyond_the_limit(struct kunit *test)
{
	const struct vo_param *t = test->param_value;
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_STATIC);
	u64 mask = *imp->dev->dma_mask;

	obj->type = VMA_OWNER_RAM_FIXED;
	KUNIT_ASSERT_EQ(test, vo_pin(imp, vo_map(obj), VO_SIZE), 0);
	if (t->value)
		imp->dev->bus_dma_limit = PAGE_SIZE - 1;
	else
		*imp->dev->dma_mask = PAGE_SIZE - 1;
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma_unlocked(&imp->pin, imp->dev,
							       DMA_FROM_DEVICE)),
			-EIO);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 1);
	*imp->dev->dma_mask = mask;
	imp->dev->bus_dma_limit = 0;
	KUNIT_EXPECT_FALSE(test, IS_ERR(vma_pin_map_dma_unlocked(&imp->pin, imp->dev,
								 DMA_FROM_DEVICE)));
	vma_unpin(&imp->pin);
}

static void c6_extents_of_mmio(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	const struct vma_owner_extents *x;
	struct vo_imp *imp;

	obj->type = VMA_OWNER_MMIO;
	imp = vo_pinned(obj, VO_STATIC);
	x = vo_take_extents(&imp->pin);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, x);
	KUNIT_EXPECT_EQ(test, x->type, VMA_OWNER_MMIO);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_take_extents(&imp->pin)), -EBUSY);
	vo_drop_extents(&imp->pin);
	vo_drop_extents(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 1);
	vo_expect_extents(imp, obj, 0, VO_SIZE);
	vma_unpin(&imp->pin);
}

static void c6_extents_beside_dma(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);
	struct sg_table *sgt;

	sgt = vma_pin_map_dma_unlocked(&imp->pin, imp->dev, DMA_BIDIRECTIONAL);
	vo_expect_extents(imp, obj, 0, VO_SIZE);
	vo_expect_dma(imp, sgt, obj->pages, 0, VO_SIZE);
	vma_unpin(&imp->pin);
}

static void c6_no_extents_of_ordinary_memory(struct kunit *test)
{
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);

	KUNIT_ASSERT_EQ(test, vo_pin(imp, vo_anon(test->priv, 1), 1), 0);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_take_extents(&imp->pin)),
			-EOPNOTSUPP);
	vma_unpin(&imp->pin);
}

static void c6_no_extents_beside_dmabuf(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_STATIC);

	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_take_extents(&imp->pin)),
			-EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, vo_n(obj, extents), 0);
	vma_unpin(&imp->pin);
}

/* An owner that offers put alone: memory that is held, but not mapped */
static void c6_nothing_offered(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp;

	obj->ops = (struct vma_owner_obj_ops) {
		.name = "vo-bare", .module = THIS_MODULE, .put = vo_put,
	};
	imp = vo_pinned_dev(obj, VO_STATIC);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_take_extents(&imp->pin)),
			-EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma_unlocked(&imp->pin, imp->dev,
							       DMA_TO_DEVICE)),
			-EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_kmap(&imp->pin)), -EOPNOTSUPP);
	vma_unpin(&imp->pin);
}

/* To who wants extents alone, what has a dma-buf is as if nobody owned it */
static void c6_extents_only(struct kunit *test)
{
	struct vma_owner_mock *a = vo_obj(test->priv), *b = vo_obj_dmabuf(test->priv);
	struct vma_owner_mock *c = vo_obj_dmabuf(test->priv), *d = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr;

	imp->client.extents_only = true;
	KUNIT_ASSERT_EQ(test, vo_pin(imp, vo_map(a), VO_SIZE), 0);
	KUNIT_EXPECT_TRUE(test, vma_pin_is_owned(&imp->pin));
	vo_expect_extents(imp, a, 0, VO_SIZE);
	vma_unpin(&imp->pin);

	b->pfnmap = false;
	addr = vo_map(b);
	KUNIT_ASSERT_EQ(test, vo_pin(imp, addr, VO_SIZE), 0);
	KUNIT_EXPECT_FALSE(test, vma_pin_is_owned(&imp->pin));
	KUNIT_EXPECT_PTR_EQ(test, imp->pin.pages[1], b->pages[1]);
	KUNIT_EXPECT_EQ(test, vo_held(b), 0);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_prefix(imp, addr, VO_SIZE), VO_SIZE);
	KUNIT_EXPECT_NULL(test, imp->pin.client);

	addr = vo_map(c);
	vo_expect_refused(imp, vo_pin(imp, addr, VO_SIZE), -EFAULT);
	vo_expect_refused(imp, vo_prefix(imp, addr, VO_SIZE), -EFAULT);
	KUNIT_EXPECT_EQ(test, vo_n(c, got), 2);
	d->ops.get_extents = NULL;
	vo_expect_refused(imp, vo_pin(imp, vo_map(d), VO_SIZE), -EFAULT);
}

static void c6_extents_error_passed_on(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);

	obj->extents_err = -ENOMEM;
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_take_extents(&imp->pin)), -ENOMEM);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma_unlocked(&imp->pin, imp->dev,
							       DMA_TO_DEVICE)),
			-ENOMEM);
	obj->extents_err = 0;
	vo_expect_extents(imp, obj, 0, VO_SIZE);
	vma_unpin(&imp->pin);
}

static void c6_short_extents_refused(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_STATIC);

	obj->extents_short = 1;
	kunit_warning_suppress(test)
		KUNIT_EXPECT_EQ(test, PTR_ERR(vo_take_extents(&imp->pin)),
				-EFAULT);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 1);
	vma_unpin(&imp->pin);
}

static void c6_long_extents_refused(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);

	KUNIT_ASSERT_EQ(test, vo_pin(imp, vo_map(obj), PAGE_SIZE), 0);
	obj->extents_short = -1;
	kunit_warning_suppress(test)
		KUNIT_EXPECT_EQ(test, PTR_ERR(vo_take_extents(&imp->pin)),
				-EFAULT);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 1);
	vma_unpin(&imp->pin);
}

static void c6_whole_dmabuf_is_exporters_table(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);
	struct sg_table *sgt;

	sgt = vma_pin_map_dma_unlocked(&imp->pin, imp->dev, DMA_BIDIRECTIONAL);
	vo_expect_dma(imp, sgt, obj->pages, 0, VO_SIZE);
	if (!IS_ENABLED(CONFIG_DMABUF_DEBUG))
		KUNIT_EXPECT_PTR_EQ(test, sgt, obj->sgt);
	KUNIT_EXPECT_EQ(test, vo_n(obj, extents), 0);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, unmap), 1);
}

KUNIT_ARRAY_PARAM_DESC(vo_edge, vo_edges, name);

static void c6_part_of_dmabuf(struct kunit *test)
{
	const struct vo_edge *e = test->param_value;
	struct vma_owner_mock *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_STATIC);
	struct scatterlist *sg;
	struct sg_table *sgt;
	int i, ret;

	obj->size = VO_ODD;
	ret = vo_pin(imp, vo_map(obj) + e->offset, e->len);
	if (ret)
		return vo_expect_refused(imp, ret, e->ret);
	sgt = vma_pin_map_dma_unlocked(&imp->pin, imp->dev, DMA_FROM_DEVICE);
	vo_expect_dma(imp, sgt, obj->pages, e->offset, e->len);
	KUNIT_EXPECT_PTR_NE(test, sgt, obj->sgt);
	for_each_sgtable_dma_sg(sgt, sg, i) {
		KUNIT_EXPECT_NULL(test, sg_page(sg));
		KUNIT_EXPECT_EQ(test, sg->offset,
				offset_in_page(sg_dma_address(sg)));
		KUNIT_EXPECT_NE(test, sg_dma_len(sg), 0);
		KUNIT_EXPECT_EQ(test, !!sg_is_last(sg), i == sgt->nents - 1);
	}
	KUNIT_EXPECT_EQ(test, sgt->orig_nents, sgt->nents);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, unmap), 1);
}

static void c6_dmabuf_made_once_for_each_pin(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);

	KUNIT_EXPECT_EQ(test, vo_n(obj, get_dmabuf), 0);
	vma_pin_map_dma_unlocked(&imp->pin, imp->dev, DMA_BIDIRECTIONAL);
	vo_kmap(&imp->pin);
	vma_pin_unmap_dma_unlocked(&imp->pin);
	vma_pin_map_dma_unlocked(&imp->pin, imp->dev, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, vo_n(obj, get_dmabuf), 1);
	KUNIT_EXPECT_EQ(test, vo_n(obj, attach), 1);
	KUNIT_EXPECT_EQ(test, vo_n(obj, map), 2);
	vma_unpin(&imp->pin);
}

static void c6_dmabuf_for_another_device(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);

	vma_pin_map_dma_unlocked(&imp->pin, imp->dev, DMA_BIDIRECTIONAL);
	vma_pin_unmap_dma_unlocked(&imp->pin);
	imp->dev = vo_device(test->priv, "other");
	vo_expect_dma(imp, vma_pin_map_dma_unlocked(&imp->pin, imp->dev, DMA_TO_DEVICE),
		      obj->pages, 0, VO_SIZE);
	KUNIT_EXPECT_EQ(test, vo_n(obj, attach), 2);
	KUNIT_EXPECT_EQ(test, vo_n(obj, detach), 1);
	vma_unpin(&imp->pin);
}

/* What was attached to first is detached from once */
static void c6_dmabuf_refuses_another_device(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);

	vma_pin_map_dma_unlocked(&imp->pin, imp->dev, DMA_BIDIRECTIONAL);
	vma_pin_unmap_dma_unlocked(&imp->pin);
	imp->dev = vo_device(test->priv, "other");
	obj->attach_err = -ENXIO;
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma_unlocked(&imp->pin, imp->dev,
							       DMA_TO_DEVICE)), -ENXIO);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, attach), 1);
	KUNIT_EXPECT_EQ(test, vo_n(obj, detach), 1);
}

static void c6_attach_while_mapped(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);
	struct device *other = vo_device(test->priv, "other");
	struct vma_pin *pin = &imp->pin;

	vma_pin_map_dma_unlocked(pin, imp->dev, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, vma_pin_attach(pin, other), -EBUSY);
	KUNIT_EXPECT_EQ(test, vma_pin_attach(pin, imp->dev), 0);
	vma_pin_unmap_dma_unlocked(pin);
	KUNIT_EXPECT_EQ(test, vma_pin_attach(pin, other), 0);
	KUNIT_EXPECT_EQ(test, vo_n(obj, attach), 2);
	vma_unpin(pin);
}

static struct dma_buf *vo_get_dmabuf_fails(void *data)
{
	return ERR_PTR(-EMFILE);
}

static void c6_dmabuf_errors_passed_on(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);

	obj->ops.get_dmabuf = vo_get_dmabuf_fails;
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_kmap(&imp->pin)), -EMFILE);
	obj->ops.get_dmabuf = vo_get_dmabuf;
	obj->attach_err = -ENXIO;
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma_unlocked(&imp->pin, imp->dev,
							       DMA_TO_DEVICE)), -ENXIO);
	obj->attach_err = 0;
	obj->map_err = -ENOSPC;
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma_unlocked(&imp->pin, imp->dev,
							       DMA_TO_DEVICE)), -ENOSPC);
	obj->map_err = 0;
	obj->vmap_err = -EIO;
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_kmap(&imp->pin)), -EIO);
	obj->vmap_err = -EINVAL;	/* of a buffer without kernel mapping */
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_kmap(&imp->pin)), -EOPNOTSUPP);
	vma_unpin(&imp->pin);
}

static void c6_dmabuf_smaller_than_object(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_STATIC);
	unsigned long addr = vo_area(test->priv, VO_PAGES + 1);

	obj->size = VO_SIZE + PAGE_SIZE;
	vo_map_at(obj, addr, 0, VO_PAGES + 1);
	KUNIT_ASSERT_EQ(test, vo_pin(imp, addr + 4, VO_SIZE), 0);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma_unlocked(&imp->pin, imp->dev,
							       DMA_TO_DEVICE)), -EFAULT);
	KUNIT_EXPECT_EQ(test, vo_n(obj, unmap), vo_n(obj, map));
	vma_unpin(&imp->pin);
}

static void c6_second_mapping_busy(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);
	struct sg_table *sgt;

	sgt = vma_pin_map_dma_unlocked(&imp->pin, imp->dev, DMA_TO_DEVICE);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma_unlocked(&imp->pin, imp->dev,
							       DMA_TO_DEVICE)), -EBUSY);
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, vo_kmap(&imp->pin));
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_kmap(&imp->pin)), -EBUSY);
	vo_expect_dma(imp, sgt, obj->pages, 0, VO_SIZE);
	vma_unpin(&imp->pin);
}

static void c6_undoing_twice_is_harmless(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);
	unsigned int i;

	vma_pin_unmap_dma_unlocked(&imp->pin);
	vma_pin_vunmap_unlocked(&imp->pin);
	for (i = 0; i < 2; i++) {
		vma_pin_map_dma_unlocked(&imp->pin, imp->dev, DMA_TO_DEVICE);
		vo_kmap(&imp->pin);
		vma_pin_unmap_dma_unlocked(&imp->pin);
		vma_pin_unmap_dma_unlocked(&imp->pin);
		vma_pin_vunmap_unlocked(&imp->pin);
		vma_pin_vunmap_unlocked(&imp->pin);
	}
	KUNIT_EXPECT_EQ(test, vo_n(obj, map), 2);
	KUNIT_EXPECT_EQ(test, vo_n(obj, unmap), 2);
	KUNIT_EXPECT_EQ(test, vo_n(obj, vunmap), 2);
	vma_unpin(&imp->pin);
}

static void vo_undo_locked(struct kunit *test, struct vma_pin *pin)
{
	KUNIT_ASSERT_EQ(test, vma_pin_lock(pin), 0);
	vma_pin_unmap_dma(pin);
	vma_pin_vunmap(pin);
	vma_pin_put_extents(pin);
	vma_pin_unlock(pin);
}

static void c6_undoing_under_the_lock(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);
	struct vma_pin *pin = &imp->pin;

	/* What was never mapped, what is, and what no longer is */
	vo_undo_locked(test, pin);
	KUNIT_EXPECT_NULL(test, pin->maps);
	KUNIT_EXPECT_FALSE(test, IS_ERR(vma_pin_map_dma_unlocked(pin, imp->dev,
								 DMA_TO_DEVICE)));
	KUNIT_EXPECT_FALSE(test, IS_ERR(vo_take_extents(pin)));
	KUNIT_EXPECT_FALSE(test, IS_ERR(vo_kmap(pin)));
	vo_undo_locked(test, pin);
	vo_undo_locked(test, pin);
	KUNIT_EXPECT_NULL(test, vma_pin_dma_table(pin));
	KUNIT_EXPECT_NULL(test, vma_pin_vaddr(pin));
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 2);
	KUNIT_EXPECT_EQ(test, vo_n(obj, vunmap), 1);
	vma_unpin(pin);
}

static void c6_direction_must_fit_the_pin(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_STATIC);
	struct vma_pin *pin = &imp->pin;

	KUNIT_ASSERT_EQ(test, vo_pin_flags(imp, vo_map(obj), VO_SIZE, 0), 0);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma_unlocked(pin, imp->dev,
							       DMA_FROM_DEVICE)),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma_unlocked(pin, imp->dev,
							       DMA_BIDIRECTIONAL)),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vma_pin_map_dma_unlocked(pin, imp->dev, DMA_NONE)),
			-EINVAL);
	/* Nor is the device attached for that */
	KUNIT_EXPECT_NULL(test, pin->maps);
	vo_expect_dma(imp, vma_pin_map_dma_unlocked(pin, imp->dev, DMA_TO_DEVICE),
		      obj->pages, 0, VO_SIZE);
	vma_unpin(pin);
}

static void c6_vmap_of_owner(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_map(obj);
	u32 *vaddr;

	vo_poke(test->priv, addr + PAGE_SIZE + 8, 0xabcd);
	KUNIT_ASSERT_EQ(test, vo_pin(imp, addr + PAGE_SIZE + 8, 8), 0);
	vaddr = vo_kmap(&imp->pin);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, vaddr);
	KUNIT_EXPECT_EQ(test, *vaddr, 0xabcd);
	*vaddr = 0xef01;
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_peek(test->priv, addr + PAGE_SIZE + 8),
			0xef01);
}

static void c6_vmap_of_dmabuf(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_map(obj);
	u32 *vaddr;

	obj->ops.vmap = NULL;
	vo_poke(test->priv, addr + PAGE_SIZE, 0xabcd);
	KUNIT_ASSERT_EQ(test, vo_pin(imp, addr + PAGE_SIZE, PAGE_SIZE), 0);
	vaddr = vo_kmap(&imp->pin);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, vaddr);
	KUNIT_EXPECT_EQ(test, *vaddr, 0xabcd);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, vunmap), 1);
}

static void c6_no_vmap_without_kernel_mapping(struct kunit *test)
{
	struct vma_owner_mock *a = vo_obj(test->priv), *b = vo_obj(test->priv);
	struct vo_imp *imp = vo_pinned(a, VO_STATIC);
	struct vo_imp *buf = vo_pinned(b, VO_STATIC);

	a->ops.vmap = NULL;
	b->ops.get_dmabuf = vo_get_dmabuf_no_vmap;
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_kmap(&imp->pin)), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_kmap(&buf->pin)), -EOPNOTSUPP);
	vma_unpin(&imp->pin);
	vma_unpin(&buf->pin);
}

static void c6_no_vmap_of_io_memory(struct kunit *test)
{
	struct vma_owner_mock *a = vo_obj(test->priv), *b = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_pinned(a, VO_STATIC);
	struct vo_imp *buf = vo_pinned(b, VO_STATIC);

	a->vmap_iomem = true;
	b->vmap_iomem = true;
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_kmap(&imp->pin)), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_kmap(&buf->pin)), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, vo_n(a, vunmap), 1);
	KUNIT_EXPECT_EQ(test, vo_n(b, vunmap), 1);
	vma_unpin(&imp->pin);
	vma_unpin(&buf->pin);
}

static void c6_vmap_error_passed_on(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_STATIC);

	obj->vmap_err = -ENOMEM;
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_kmap(&imp->pin)), -ENOMEM);
	obj->vmap_err = 0;
	vo_expect_whole(imp, obj);
	vma_unpin(&imp->pin);
}

static void c6_unpin_undoes_all_mappings(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);

	vma_pin_map_dma_unlocked(&imp->pin, imp->dev, DMA_BIDIRECTIONAL);
	vo_take_extents(&imp->pin);
	vo_kmap(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, extents), 2);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 2);
	KUNIT_EXPECT_EQ(test, vo_n(obj, vunmap), 1);
}

static void c6_generic_owner_of_dmabuf(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_generic(test->priv);
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_STATIC);
	unsigned long addr = vo_area(test->priv, 2);

	vo_mmap_at(test->priv, obj->dmabuf->file, addr, 1, 2,
		   PROT_READ | PROT_WRITE, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, vo_pin(imp, addr + 8, PAGE_SIZE), 0);
	vo_unmap(test->priv, addr, 2);
	dma_buf_put(obj->dmabuf);
	vo_expect_dma(imp, vma_pin_map_dma_unlocked(&imp->pin, imp->dev, DMA_TO_DEVICE),
		      obj->pages, PAGE_SIZE + 8, PAGE_SIZE);
	vo_obj_unregister(obj);
	KUNIT_EXPECT_FALSE(test, obj->dead);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_TRUE(test, vo_obj_dies(obj));
}

/*
 * A dma-buf is mapped by whole pages, its size need not be: what an exporter's own
 * mmap() shows beyond it is not the dma-buf's.
 */
int vo_mmap_dmabuf(struct file *file, struct vm_area_struct *vma)
{
	struct vma_owner_mock *obj = file->private_data;

	get_file(obj->dmabuf->file);
	fput(vma->vm_file);
	vma->vm_file = obj->dmabuf->file;
	return vo_buf_mmap(obj->dmabuf, vma);
}

static void c6_generic_owner_of_odd_size(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_generic_size(test->priv, VO_SIZE - 100);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr, end;

	obj->in_mmap = vo_mmap_dmabuf;
	addr = vo_map(obj);
	end = addr + VO_SIZE - 100;
	vo_expect_refused(imp, vo_pin(imp, addr, VO_SIZE), -EFAULT);
	vo_expect_refused(imp, vo_pin(imp, end - 1, 2), -EFAULT);
	vo_expect_refused(imp, vo_pin(imp, end, 1), -EFAULT);
	KUNIT_ASSERT_EQ(test, vo_pin(imp, end - 1, 1), 0);
	vma_unpin(&imp->pin);
	KUNIT_ASSERT_EQ(test, vo_prefix(imp, addr, VO_SIZE), VO_SIZE - 100);
	vma_unpin(&imp->pin);
	dma_buf_put(obj->dmabuf);
}

static void c6_generic_owner_of_something_else(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);

	obj->vm_ops = &vo_vm_ops_generic;
	vo_expect_refused(imp, vo_pin(imp, vo_map(obj), VO_SIZE), -EFAULT);
}

struct kunit_case vo_map_cases[] = {
	KUNIT_CASE(c6_dma_of_ordinary_memory),
	KUNIT_CASE_PARAM(c6_dma_of_extents, vo_memtype_gen_params),
	KUNIT_CASE(c6_dma_of_one_entry),
	KUNIT_CASE(c6_dma_of_mmio_without_provider),
	KUNIT_CASE(c6_dma_of_mmio_out_of_reach),
	KUNIT_CASE_PARAM(c6_dma_beyond_the_limit, vo_limit_gen_params),
	KUNIT_CASE(c6_extents_of_mmio),
	KUNIT_CASE(c6_extents_beside_dma),
	KUNIT_CASE(c6_no_extents_of_ordinary_memory),
	KUNIT_CASE(c6_no_extents_beside_dmabuf),
	KUNIT_CASE(c6_nothing_offered),
	KUNIT_CASE(c6_extents_only),
	KUNIT_CASE(c6_extents_error_passed_on),
	KUNIT_CASE(c6_short_extents_refused),
	KUNIT_CASE(c6_long_extents_refused),
	KUNIT_CASE(c6_whole_dmabuf_is_exporters_table),
	KUNIT_CASE_PARAM(c6_part_of_dmabuf, vo_edge_gen_params),
	KUNIT_CASE(c6_dmabuf_made_once_for_each_pin),
	KUNIT_CASE(c6_dmabuf_for_another_device),
	KUNIT_CASE(c6_dmabuf_refuses_another_device),
	KUNIT_CASE(c6_attach_while_mapped),
	KUNIT_CASE(c6_dmabuf_errors_passed_on),
	KUNIT_CASE(c6_dmabuf_smaller_than_object),
	KUNIT_CASE(c6_second_mapping_busy),
	KUNIT_CASE(c6_undoing_twice_is_harmless),
	KUNIT_CASE(c6_undoing_under_the_lock),
	KUNIT_CASE(c6_direction_must_fit_the_pin),
	KUNIT_CASE(c6_vmap_of_owner),
	KUNIT_CASE(c6_vmap_of_dmabuf),
	KUNIT_CASE(c6_no_vmap_without_kernel_mapping),
	KUNIT_CASE(c6_no_vmap_of_io_memory),
	KUNIT_CASE(c6_vmap_error_passed_on),
	KUNIT_CASE(c6_unpin_undoes_all_mappings),
	KUNIT_CASE(c6_generic_owner_of_dmabuf),
	KUNIT_CASE(c6_generic_owner_of_odd_size),
	KUNIT_CASE(c6_generic_owner_of_something_else),
	{}
};
