// SPDX-License-Identifier: GPL-2.0
/*
 * What a pin of user memory can be mapped into: DMA addresses, a kernel
 * address, physical extents. mm/vma_owner.c has the pins themselves.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/export.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pci-p2pdma.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/vma_owner.h>
#include <linux/vmalloc.h>

/**
 * DOC: mappings
 *
 * ==================  ================  ==================  ==================
 * Memory              vma_pin_map_dma   vma_pin_vmap        vma_pin_get_extents
 * ==================  ================  ==================  ==================
 * ordinary            DMA API, pages    vm_map_ram          -EOPNOTSUPP
 * has a dma-buf       attach, map       its vmap            -EOPNOTSUPP
 * extents: RAM        DMA API, no page  owner's vmap        yes
 * extents: RAM_FIXED  MMIO attribute    owner's vmap        yes
 * extents: MMIO       p2pdma provider   -EOPNOTSUPP         yes
 * ==================  ================  ==================  ==================
 *
 * The dma-buf goes first because memory of dma_alloc_attrs() has no pfn that
 * another device may use. An owner without a kernel mapping has no vmap, and
 * extents are never given one: a cached alias is wrong for anything but
 * coherent RAM.
 *
 * An importer with &vma_pin_client.invalidate attaches to a dma-buf dynamically
 * and hears of its moves; one without attaches statically, and the exporter
 * pins or refuses.
 */

/**
 * DOC: hand-over
 *
 * Memory that is mapped for a device is the CPU's until it is handed over.
 * vma_pin_map_dma() itself hands nothing over. vma_pin_sync_for_device() does,
 * once the CPU has written what the device is to read, and
 * vma_pin_sync_for_cpu() takes it back once the device is done. Each happens
 * once, in the direction of the mapping: a second call in a row does nothing. An
 * importer that does not let the CPU in between calls vma_pin_sync_for_device()
 * once after it has mapped. What the device still has when the mapping is undone
 * is synced for the CPU then.
 *
 * Ordinary memory and RAM extents are synced by the DMA API. The exporter of a
 * dma-buf syncs it, by its begin_cpu_access and end_cpu_access: it is begun when
 * it is mapped or taken back, and ended when it is handed over. Each begin has
 * its end, also when one of them fails; an error is returned, and the next call
 * tries again. If the device needs syncs and the exporter has none, the memory
 * is not mapped. There is no wait for fences of the dma-buf: V4L2 has none for
 * buffers that come by fd either, and a buffer is taken back when a process exits
 * as well.
 *
 * A dma-buf which the device writes is mapped and synced for both directions. The
 * exporter syncs the whole buffer for all who are attached to it, not the pinned
 * range. What the CPU writes beside that range, or into it after the device is
 * done, has to outlive the next hand-over and the end of the mapping where the
 * exporter bounces it; and lines of a write-back cache must not be dropped when
 * it is handed over. What the CPU writes elsewhere in the buffer while a device
 * has it may still be lost when it is taken back, to a device that bounces or is
 * not coherent: as for those who pass the dma-buf by fd.
 *
 * Memory that is mapped for the kernel alone is other devices' until
 * vma_pin_sync_for_cpu(), and theirs again by vma_pin_sync_for_device(). That
 * tells the exporter of a dma-buf, in the direction given to vma_pin_vmap().
 */

#define VMA_PIN_MAX_SEG	ALIGN_DOWN(UINT_MAX, PAGE_SIZE)

static void vma_pin_release(struct vma_pin *pin);

/* ------------------------------------------------------------------------- */
/* Contract with lockdep                                                     */

/* Stands for the dma_resv of any dma-buf */
static struct dma_resv vma_pin_any_resv;

/*
 * Memory that may have a dma-buf is mapped under its dma_resv, and moves are
 * told under it: a lock that callbacks take must not be held here. Revocable
 * memory has no dma-buf, and restore callbacks map it under leaf locks.
 */
static void vma_pin_may_lock_resv(const struct vma_pin *pin)
{
	if (!pin->revoke)
		might_lock(&vma_pin_any_resv.lock.base);
}

/* The revoke lock, and so the callbacks, come inside a dma_resv */
static int __init vma_pin_teach_lockdep(void)
{
	static const struct vma_owner_revoke_ops ops = { .name = "lockdep" };
	struct vma_owner_revoke *r;

	if (!IS_ENABLED(CONFIG_LOCKDEP) || !IS_ENABLED(CONFIG_MMU))
		return 0;
	r = vma_owner_revoke_create(&ops, NULL);
	if (!r)
		return -ENOMEM;
	dma_resv_init(&vma_pin_any_resv);
	dma_resv_lock(&vma_pin_any_resv, NULL);
	vma_owner_revoke_begin(r, VMA_OWNER_PERMANENT);
	dma_resv_unlock(&vma_pin_any_resv);
	vma_owner_revoke_put(r);
	return 0;
}
subsys_initcall(vma_pin_teach_lockdep);

/* ------------------------------------------------------------------------- */
/* Scatterlists without pages                                                */

struct dma_slice {
	struct sg_table		*table;
	struct scatterlist	*next;
};

static int dma_slice_alloc(struct dma_slice *s, unsigned int nents)
{
	int ret;

	s->table = kzalloc_obj(*s->table);
	if (!s->table)
		return -ENOMEM;
	ret = sg_alloc_table(s->table, nents, GFP_KERNEL);
	if (ret) {
		kfree(s->table);
		return ret;
	}
	s->table->nents = 0;
	s->next = s->table->sgl;
	return 0;
}

/* DMA addresses only: there is no page behind them, or none to be touched */
static void dma_slice_add(struct dma_slice *s, dma_addr_t addr, size_t len)
{
	sg_set_page(s->next, NULL, 0, 0);
	sg_dma_address(s->next) = addr;
	sg_dma_len(s->next) = len;
	s->table->nents++;
	s->next = sg_next(s->next);
}

static void dma_slice_free(struct sg_table *table)
{
	sg_free_table(table);
	kfree(table);
}

/* Entries of @whole that [offset, end) touches; 0 if it ends before @end */
static unsigned int dma_slice_count(struct sg_table *whole, u64 offset, u64 end)
{
	struct scatterlist *sg;
	unsigned int nents = 0;
	u64 at = 0, next;
	int i;

	for_each_sgtable_dma_sg(whole, sg, i) {
		next = at + sg_dma_len(sg);
		if (max(at, offset) < min(next, end))
			nents++;
		at = next;
	}
	return at < end ? 0 : nents;
}

/* Cut @len bytes from @offset out of the DMA addresses of @whole */
static struct sg_table *dma_slice_cut(struct sg_table *whole, u64 offset,
				      u64 len)
{
	u64 end = offset + len, at = 0, from, to;
	struct scatterlist *sg;
	unsigned int nents;
	struct dma_slice s;
	int i, ret;

	nents = dma_slice_count(whole, offset, end);
	if (!nents)	/* the exporter mapped less than the size of its dma-buf */
		return ERR_PTR(-EFAULT);
	ret = dma_slice_alloc(&s, nents);
	if (ret)
		return ERR_PTR(ret);

	/* As many as were counted: the last entry is marked as such */
	for_each_sgtable_dma_sg(whole, sg, i) {
		from = max(at, offset);
		to = min(at + sg_dma_len(sg), end);
		if (from < to)
			dma_slice_add(&s, sg_dma_address(sg) + from - at,
				      to - from);
		at += sg_dma_len(sg);
	}
	return s.table;
}

/* ------------------------------------------------------------------------- */
/* dma-buf                                                                   */

static bool vma_pin_has_dmabuf(const struct vma_pin *pin)
{
	return pin->dmabuf || (pin->ref.ops && pin->ref.ops->get_dmabuf);
}

static int vma_pin_get_dmabuf(struct vma_pin *pin)
{
	struct dma_buf *dmabuf;

	if (pin->dmabuf)
		return 0;
	dmabuf = pin->ref.ops->get_dmabuf(pin->ref.obj);
	if (WARN_ON_ONCE(!dmabuf))
		return -ENOMEM;
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	pin->dmabuf = dmabuf;
	return 0;
}

/*
 * The state of a mapping changes under the dma_resv, so that a move and an
 * unmap by the importer do not both undo it. A callback runs with the dma_resv
 * held by the exporter.
 */
static bool vma_pin_lock_resv(struct vma_pin *pin)
{
	if (READ_ONCE(pin->resv_holder) == current) {
		dma_resv_assert_held(pin->dmabuf->resv);
		return false;
	}
	dma_resv_lock(pin->dmabuf->resv, NULL);
	return true;
}

static void vma_pin_moved(struct dma_buf_attachment *attach)
{
	struct vma_pin *pin = attach->importer_priv;

	WRITE_ONCE(pin->resv_holder, current);
	vma_pin_invalidate(pin, VMA_PIN_MOVED);
	WRITE_ONCE(pin->resv_holder, NULL);
}

static const struct dma_buf_attach_ops vma_pin_attach_ops = {
	.invalidate_mappings	= vma_pin_moved,
};

static const struct dma_buf_attach_ops vma_pin_attach_p2p_ops = {
	.allow_peer2peer	= true,
	.invalidate_mappings	= vma_pin_moved,
};

static int vma_pin_attach(struct vma_pin *pin, struct device *dev)
{
	const struct dma_buf_attach_ops *ops = NULL;
	struct dma_buf_attachment *attach;

	if (pin->attach && pin->attach->dev == dev)
		return 0;
	if (pin->attach)
		dma_buf_detach(pin->dmabuf, pin->attach);
	pin->attach = NULL;

	if (pin->client->invalidate)
		ops = pin->client->peer2peer ? &vma_pin_attach_p2p_ops :
					       &vma_pin_attach_ops;
	attach = dma_buf_dynamic_attach(pin->dmabuf, dev, ops, pin);
	if (IS_ERR(attach))
		return PTR_ERR(attach);
	pin->attach = attach;
	return 0;
}

static bool vma_pin_is_whole(const struct vma_pin *pin)
{
	return !pin->ref.offset && pin->len == pin->dmabuf->size;
}

/*
 * If the device needs syncs, only the exporter knows how to: its table may come
 * from anywhere, and may have no pages.
 */
static bool vma_pin_can_sync(const struct vma_pin *pin, struct sg_table *sgt)
{
	const struct dma_buf_ops *ops = pin->dmabuf->ops;
	struct scatterlist *sg;
	int i;

	if (ops->begin_cpu_access && ops->end_cpu_access)
		return true;
	for_each_sgtable_dma_sg(sgt, sg, i)
		if (dma_need_sync(pin->attach->dev, sg_dma_address(sg)))
			return false;
	return true;
}

/* Called under the dma_resv */
static struct sg_table *vma_pin_map_attachment(struct vma_pin *pin,
					       enum dma_data_direction dir)
{
	struct sg_table *whole, *sgt;
	long ret;

	whole = dma_buf_map_attachment(pin->attach, dir);
	if (IS_ERR(whole))
		return whole;

	/* A move's copy may be under way; static importers had it waited for */
	if (pin->client->invalidate) {
		ret = dma_resv_wait_timeout(pin->dmabuf->resv,
					    DMA_RESV_USAGE_KERNEL, true,
					    MAX_SCHEDULE_TIMEOUT);
		if (ret < 0)
			goto err_unmap;
	}

	ret = -EOPNOTSUPP;
	if (!vma_pin_can_sync(pin, whole))
		goto err_unmap;
	sgt = whole;
	if (!vma_pin_is_whole(pin))
		sgt = dma_slice_cut(whole, pin->ref.offset, pin->len);
	if (IS_ERR(sgt)) {
		ret = PTR_ERR(sgt);
		goto err_unmap;
	}
	pin->whole = whole;
	pin->dir = dir;
	pin->sgt = sgt;
	return sgt;

err_unmap:
	dma_buf_unmap_attachment(pin->attach, whole, dir);
	return ERR_PTR(ret);
}

static struct sg_table *vma_pin_map_locked(struct vma_pin *pin,
					   enum dma_data_direction dir)
{
	struct sg_table *sgt;
	int ret;

	ret = dma_resv_lock_interruptible(pin->dmabuf->resv, NULL);
	if (ret)
		return ERR_PTR(ret);
	/* Not read back from @pin: a move may undo it once the lock is free */
	sgt = vma_pin_map_attachment(pin, dir);
	dma_resv_unlock(pin->dmabuf->resv);
	return sgt;
}

/*
 * Not dma_buf_begin_cpu_access(), which also waits for fences: for as long as
 * somebody else likes, under a lock of the importer, in the exit of a process.
 */
static int vma_pin_begin_cpu_access(struct vma_pin *pin)
{
	struct dma_buf *dmabuf = pin->dmabuf;
	int ret = 0;

	pin->for_device = false;
	if (pin->begun)
		return 0;
	if (dmabuf->ops->begin_cpu_access)
		ret = dmabuf->ops->begin_cpu_access(dmabuf, pin->sync_dir);
	pin->begun = !ret;
	return ret;
}

/* Whatever it returns, the access has ended */
static int vma_pin_end_cpu_access(struct vma_pin *pin)
{
	if (!pin->begun)
		return 0;
	pin->begun = false;
	return dma_buf_end_cpu_access(pin->dmabuf, pin->sync_dir);
}

/* What could not be begun or ended before is begun again, and is the CPU's */
static int vma_pin_hand_over_dmabuf(struct vma_pin *pin)
{
	int ret;

	if (pin->for_device)
		return 0;
	ret = vma_pin_begin_cpu_access(pin);
	if (!ret)
		ret = vma_pin_end_cpu_access(pin);
	pin->for_device = !ret;
	return ret;
}

/*
 * Before a mapping is undone. The exporter may copy or flush then, from and to
 * where the device had it, so it is asked to do so both ways. A move holds the
 * dma_resv, which the exporter may take in here, and leaves it as it is: it is
 * the exporter that moves the memory.
 */
static void vma_pin_take_back_dmabuf(struct vma_pin *pin)
{
	if (READ_ONCE(pin->resv_holder) == current || !READ_ONCE(pin->sgt))
		return;
	vma_pin_begin_cpu_access(pin);
	vma_pin_end_cpu_access(pin);
	pin->for_device = true;
}

/* Returns whether there was a mapping to undo */
static bool vma_pin_unmap_dmabuf(struct vma_pin *pin)
{
	bool locked = vma_pin_lock_resv(pin);
	struct sg_table *sgt = pin->sgt;

	if (sgt) {
		if (sgt != pin->whole)
			dma_slice_free(sgt);
		dma_buf_unmap_attachment(pin->attach, pin->whole, pin->dir);
		pin->whole = NULL;
		pin->sgt = NULL;
	}
	if (locked)
		dma_resv_unlock(pin->dmabuf->resv);
	return sgt;
}

static struct sg_table *vma_pin_map_dmabuf(struct vma_pin *pin,
					   struct device *dev,
					   enum dma_data_direction dir)
{
	struct sg_table *sgt;
	int ret;

	/* See DOC: hand-over */
	if (dir == DMA_FROM_DEVICE)
		dir = DMA_BIDIRECTIONAL;
	ret = vma_pin_get_dmabuf(pin);
	if (!ret)
		ret = vma_pin_attach(pin, dev);
	if (ret)
		return ERR_PTR(ret);
	sgt = vma_pin_map_locked(pin, dir);
	if (IS_ERR(sgt))
		return sgt;

	/* A move may have left it open, or a kernel mapping */
	vma_pin_end_cpu_access(pin);
	pin->sync_dir = dir;
	ret = vma_pin_begin_cpu_access(pin);
	if (!ret)
		return sgt;
	vma_pin_unmap_dmabuf(pin);
	return ERR_PTR(ret);
}

/* ------------------------------------------------------------------------- */
/* Pages                                                                     */

static unsigned int vma_pin_max_seg(const struct vma_pin *pin,
				    struct device *dev)
{
	return pin->client->contiguous ? VMA_PIN_MAX_SEG :
					 dma_get_max_seg_size(dev);
}

static struct sg_table *vma_pin_map_pages(struct vma_pin *pin,
					  struct device *dev,
					  enum dma_data_direction dir)
{
	struct sg_table *sgt = kzalloc_obj(*sgt);
	int ret;

	if (!sgt)
		return ERR_PTR(-ENOMEM);
	ret = sg_alloc_table_from_pages_segment(sgt, pin->pages, pin->nr_pages,
						offset_in_page(pin->start),
						pin->len,
						vma_pin_max_seg(pin, dev),
						GFP_KERNEL);
	if (ret)
		goto err_free;
	ret = dma_map_sgtable(dev, sgt, dir, DMA_ATTR_SKIP_CPU_SYNC);
	if (ret)
		goto err_free_table;
	pin->dev = dev;
	pin->dir = dir;
	pin->sgt = sgt;
	pin->for_device = false;
	return sgt;

err_free_table:
	sg_free_table(sgt);
err_free:
	kfree(sgt);
	return ERR_PTR(ret);
}

/*
 * What is the CPU's it may have written: to sync that for the CPU once more would
 * bring back what was there before.
 */
static void vma_pin_unmap_pages(struct vma_pin *pin)
{
	dma_unmap_sgtable(pin->dev, pin->sgt, pin->dir,
			  pin->for_device ? 0 : DMA_ATTR_SKIP_CPU_SYNC);
	dma_slice_free(pin->sgt);
	pin->sgt = NULL;
}

/* The kernel's mapping of ordinary memory may alias in a virtual cache */
static void vma_pin_flush_alias(struct vma_pin *pin)
{
	if (iosys_map_is_set(&pin->map))
		flush_kernel_vmap_range(pin->map.vaddr,
					pin->nr_pages << PAGE_SHIFT);
}

static void vma_pin_invalidate_alias(struct vma_pin *pin)
{
	if (iosys_map_is_set(&pin->map))
		invalidate_kernel_vmap_range(pin->map.vaddr,
					     pin->nr_pages << PAGE_SHIFT);
}

static void vma_pin_sync_pages(struct vma_pin *pin, bool for_device)
{
	if (!pin->sgt || pin->for_device == for_device)
		return;
	pin->for_device = for_device;
	if (for_device) {
		vma_pin_flush_alias(pin);
		dma_sync_sgtable_for_device(pin->dev, pin->sgt, pin->dir);
	} else {
		dma_sync_sgtable_for_cpu(pin->dev, pin->sgt, pin->dir);
		vma_pin_invalidate_alias(pin);
	}
}

/* ------------------------------------------------------------------------- */
/* Extents                                                                   */

static int vma_pin_fill_extents(struct vma_pin *pin,
				struct vma_owner_extents *x)
{
	const struct vma_owner_obj_ops *ops = pin->ref.ops;
	u64 len = 0;
	unsigned int i;
	int ret;

	if (!ops || !ops->get_extents || ops->get_dmabuf)
		return -EOPNOTSUPP;
	*x = (struct vma_owner_extents) { .prot = PAGE_KERNEL };
	ret = ops->get_extents(pin->ref.obj, pin->ref.offset, pin->len, x);
	if (ret)
		goto err;

	for (i = 0; i < x->nr; i++)
		len += x->vec[i].len;
	if (!WARN_ON_ONCE(len != pin->len))
		return 0;
	ops->put_extents(pin->ref.obj, x);
	ret = -EFAULT;
err:
	x->vec = NULL;
	return ret;
}

static void vma_pin_drop_extents(struct vma_pin *pin,
				 struct vma_owner_extents *x)
{
	pin->ref.ops->put_extents(pin->ref.obj, x);
	x->vec = NULL;
}

/* Only plain RAM may be bounced or synced; all else is left as it is */
static unsigned long vma_pin_dma_attrs(const struct vma_owner_extents *x,
				       bool sync)
{
	if (x->type != VMA_OWNER_RAM)
		return DMA_ATTR_MMIO;
	return sync ? 0 : DMA_ATTR_SKIP_CPU_SYNC;
}

static enum pci_p2pdma_map_type
vma_pin_p2p_type(const struct vma_owner_extents *x, struct device *dev)
{
	if (x->type != VMA_OWNER_MMIO)
		return PCI_P2PDMA_MAP_THRU_HOST_BRIDGE;
	if (!x->provider)
		return PCI_P2PDMA_MAP_NOT_SUPPORTED;
	return pci_p2pdma_map_type(x->provider, dev);
}

/*
 * Behind an IOMMU the extents get one range of addresses, if they meet at its
 * pages. The DMA API has no sync for such a range, so that memory which needs one
 * is mapped extent by extent.
 */
static bool vma_pin_alloc_iova(struct vma_pin *pin, struct device *dev)
{
	const struct vma_owner_extents *x = &pin->dma_extents;
	unsigned long mask = dma_get_merge_boundary(dev);
	unsigned int i;

	pin->iova = (struct dma_iova_state) {};
	if (vma_pin_p2p_type(x, dev) != PCI_P2PDMA_MAP_THRU_HOST_BRIDGE)
		return false;
	if (x->type == VMA_OWNER_RAM && dma_dev_need_sync(dev))
		return false;
	for (i = 1; i < x->nr; i++)
		if ((x->vec[i - 1].paddr + x->vec[i - 1].len) & mask ||
		    x->vec[i].paddr & mask)
			return false;
	return dma_iova_try_alloc(dev, &pin->iova, x->vec[0].paddr, pin->len);
}

static void dma_slice_unmap(struct sg_table *table, struct vma_pin *pin,
			    struct device *dev, enum dma_data_direction dir,
			    bool sync)
{
	const struct vma_owner_extents *x = &pin->dma_extents;
	struct scatterlist *sg;
	int i;

	if (vma_pin_p2p_type(x, dev) == PCI_P2PDMA_MAP_BUS_ADDR)
		return;
	if (dma_use_iova(&pin->iova)) {
		dma_iova_destroy(dev, &pin->iova, pin->len, dir,
				 vma_pin_dma_attrs(x, sync));
		return;
	}
	for_each_sgtable_dma_sg(table, sg, i)
		dma_unmap_phys(dev, sg_dma_address(sg), sg_dma_len(sg), dir,
			       vma_pin_dma_attrs(x, sync));
}

static int dma_slice_map(struct dma_slice *s, struct device *dev,
			 enum dma_data_direction dir,
			 const struct vma_owner_extents *x,
			 phys_addr_t paddr, size_t len)
{
	dma_addr_t addr;

	switch (vma_pin_p2p_type(x, dev)) {
	case PCI_P2PDMA_MAP_BUS_ADDR:
		addr = pci_p2pdma_bus_addr_map(x->provider, paddr);
		break;
	case PCI_P2PDMA_MAP_THRU_HOST_BRIDGE:
		addr = dma_map_phys(dev, paddr, len, dir,
				    vma_pin_dma_attrs(x, false));
		if (dma_mapping_error(dev, addr))
			return -EIO;
		break;
	default:
		return -EOPNOTSUPP;
	}
	dma_slice_add(s, addr, len);
	return 0;
}

static int dma_slice_map_each(struct dma_slice *s, struct vma_pin *pin,
			      struct device *dev, enum dma_data_direction dir,
			      size_t max)
{
	const struct vma_owner_extents *x = &pin->dma_extents;
	unsigned int i;
	int ret;

	for (i = 0; i < x->nr; i++) {
		phys_addr_t paddr = x->vec[i].paddr;
		size_t left = x->vec[i].len, n;

		for (; left; left -= n, paddr += n) {
			n = min(left, max);
			ret = dma_slice_map(s, dev, dir, x, paddr, n);
			if (ret) {
				dma_slice_unmap(s->table, pin, dev, dir, false);
				return ret;
			}
		}
	}
	return 0;
}

/* An entry for each extent also in one range: each is a piece of memory to sync */
static int dma_slice_link_all(struct dma_slice *s, struct vma_pin *pin,
			      struct device *dev, enum dma_data_direction dir,
			      size_t max)
{
	const struct vma_owner_extents *x = &pin->dma_extents;
	unsigned long attrs = vma_pin_dma_attrs(x, false);
	size_t at = 0, end = 0, n;
	unsigned int i;
	int ret;

	for (i = 0; i < x->nr; i++) {
		ret = dma_iova_link(dev, &pin->iova, x->vec[i].paddr, at,
				    x->vec[i].len, dir, attrs);
		if (ret)
			goto err_destroy;
		end = at + x->vec[i].len;
		for (; at < end; at += n) {
			n = min(end - at, max);
			dma_slice_add(s, pin->iova.addr + at, n);
		}
	}
	ret = dma_iova_sync(dev, &pin->iova, 0, end);
	if (!ret)
		return 0;
err_destroy:
	dma_iova_destroy(dev, &pin->iova, end, dir, attrs);
	return ret;
}

static struct sg_table *dma_slice_of_extents(struct vma_pin *pin,
					     struct device *dev,
					     enum dma_data_direction dir)
{
	const struct vma_owner_extents *x = &pin->dma_extents;
	size_t max = vma_pin_max_seg(pin, dev);
	unsigned int i, nents = 0;
	struct dma_slice s;
	int ret;

	for (i = 0; i < x->nr; i++)
		nents += DIV_ROUND_UP_ULL(x->vec[i].len, max);
	ret = dma_slice_alloc(&s, nents);
	if (ret)
		return ERR_PTR(ret);

	if (vma_pin_alloc_iova(pin, dev))
		ret = dma_slice_link_all(&s, pin, dev, dir, max);
	else
		ret = dma_slice_map_each(&s, pin, dev, dir, max);
	if (!ret)
		return s.table;
	dma_slice_free(s.table);
	return ERR_PTR(ret);
}

static struct sg_table *vma_pin_map_extents(struct vma_pin *pin,
					    struct device *dev,
					    enum dma_data_direction dir)
{
	struct sg_table *sgt;
	int ret;

	ret = vma_pin_fill_extents(pin, &pin->dma_extents);
	if (ret)
		return ERR_PTR(ret);
	sgt = dma_slice_of_extents(pin, dev, dir);
	if (IS_ERR(sgt)) {
		vma_pin_drop_extents(pin, &pin->dma_extents);
		return sgt;
	}
	pin->dev = dev;
	pin->dir = dir;
	mutex_lock(&pin->sync_lock);
	pin->sgt = sgt;
	pin->for_device = false;
	mutex_unlock(&pin->sync_lock);
	return sgt;
}

static void vma_pin_unmap_extents(struct vma_pin *pin)
{
	struct sg_table *sgt;
	bool sync;

	mutex_lock(&pin->sync_lock);
	sgt = pin->sgt;
	sync = pin->for_device;
	pin->sgt = NULL;
	mutex_unlock(&pin->sync_lock);

	dma_slice_unmap(sgt, pin, pin->dev, pin->dir, sync);
	dma_slice_free(sgt);
	vma_pin_drop_extents(pin, &pin->dma_extents);
}

/*
 * Plain RAM is a streaming mapping; all else was mapped as it is, for good. A
 * callback may undo the mapping at any time, and waits here.
 */
static void vma_pin_sync_extents(struct vma_pin *pin, bool for_device)
{
	struct scatterlist *sg;
	int i;

	guard(mutex)(&pin->sync_lock);
	if (!pin->sgt || pin->for_device == for_device)
		return;
	pin->for_device = for_device;
	if (pin->dma_extents.type != VMA_OWNER_RAM)
		return;
	for_each_sgtable_dma_sg(pin->sgt, sg, i)
		if (for_device)
			dma_sync_single_for_device(pin->dev, sg_dma_address(sg),
						   sg_dma_len(sg), pin->dir);
		else
			dma_sync_single_for_cpu(pin->dev, sg_dma_address(sg),
						sg_dma_len(sg), pin->dir);
}

/* ------------------------------------------------------------------------- */
/* For importers                                                             */

/**
 * vma_pin_map_dma() - map the memory for a device
 * @pin: the pin
 * @dev: device that will access the memory
 * @dir: direction of the transfers; a pin without VMA_PIN_WRITE can only be
 *	mapped DMA_TO_DEVICE
 *
 * One mapping at a time, until vma_pin_unmap_dma() or vma_unpin(). The memory is
 * the CPU's until vma_pin_sync_for_device(), see DOC: hand-over. An importer
 * that can be revoked tests its own flag, under its leaf lock, once this has
 * returned: the callback may have come meanwhile.
 *
 * Context: Process context, may sleep. Takes the dma_resv if the memory is a
 * dma-buf. Inside &vma_pin_client.restore too.
 * Return: The DMA addresses of exactly the pinned range, or an ERR_PTR. Use only
 * sg_dma_address() and sg_dma_len() of its entries: unless the memory is
 * ordinary or a whole dma-buf there are no pages, and sg_page() is NULL.
 * -EOPNOTSUPP if there is no way for @dev to reach the memory, or none to sync
 * it and @dev needs that; -EIO if its DMA mask is too small; what the exporter of
 * the dma-buf says, and DOC: errors.
 */
struct sg_table *vma_pin_map_dma(struct vma_pin *pin, struct device *dev,
				 enum dma_data_direction dir)
{
	struct sg_table *sgt;
	int ret;

	might_sleep();
	if (!valid_dma_direction(dir) ||
	    (dir != DMA_TO_DEVICE && !(pin->flags & VMA_PIN_WRITE)))
		return ERR_PTR(-EINVAL);
	if (pin->sgt)
		return ERR_PTR(-EBUSY);
	vma_pin_may_lock_resv(pin);
	ret = vma_pin_map_begin(pin);
	if (ret)
		return ERR_PTR(ret);

	pin->release = vma_pin_release;
	if (pin->pages)
		sgt = vma_pin_map_pages(pin, dev, dir);
	else if (vma_pin_has_dmabuf(pin))
		sgt = vma_pin_map_dmabuf(pin, dev, dir);
	else
		sgt = vma_pin_map_extents(pin, dev, dir);
	if (IS_ERR(sgt))
		vma_pin_map_end(pin);
	return sgt;
}
EXPORT_SYMBOL_GPL(vma_pin_map_dma);

/**
 * vma_pin_unmap_dma() - undo vma_pin_map_dma()
 * @pin: the pin; without a mapping nothing happens
 *
 * The device no longer accesses the memory. What it was handed over and was not
 * taken back is synced for the CPU, and what the CPU has written since it took
 * the memory back stays.
 *
 * Context: Process context, may sleep. Takes the dma_resv if the memory is a
 * dma-buf, save inside &vma_pin_client.invalidate.
 */
void vma_pin_unmap_dma(struct vma_pin *pin)
{
	might_sleep();
	if (pin->attach) {
		vma_pin_take_back_dmabuf(pin);
		if (!vma_pin_unmap_dmabuf(pin))
			return;
	} else if (!pin->sgt) {
		return;
	} else if (pin->pages) {
		vma_pin_unmap_pages(pin);
	} else {
		vma_pin_unmap_extents(pin);
	}
	vma_pin_map_end(pin);
}
EXPORT_SYMBOL_GPL(vma_pin_unmap_dma);

static int vma_pin_vmap_dmabuf(struct vma_pin *pin)
{
	int ret;

	ret = vma_pin_get_dmabuf(pin);
	if (ret)
		return ret;
	if (!pin->dmabuf->ops->vmap)
		return -EOPNOTSUPP;
	ret = dma_buf_vmap_unlocked(pin->dmabuf, &pin->map);
	/* So say exporters that have kernel mappings of some buffers only */
	return ret == -EINVAL ? -EOPNOTSUPP : ret;
}

static int vma_pin_vmap_pages(struct vma_pin *pin)
{
	void *vaddr = vm_map_ram(pin->pages, pin->nr_pages, NUMA_NO_NODE);

	if (!vaddr)
		return -ENOMEM;
	iosys_map_set_vaddr(&pin->map, vaddr);
	return 0;
}

static void vma_pin_vunmap_any(struct vma_pin *pin)
{
	if (pin->pages)
		vm_unmap_ram(pin->map.vaddr, pin->nr_pages);
	else if (vma_pin_has_dmabuf(pin))
		dma_buf_vunmap_unlocked(pin->dmabuf, &pin->map);
	else
		pin->ref.ops->vunmap(pin->ref.obj, &pin->map);
	iosys_map_clear(&pin->map);
}

static int vma_pin_vmap_any(struct vma_pin *pin)
{
	const struct vma_owner_obj_ops *ops = pin->ref.ops;
	int ret;

	if (pin->pages)
		ret = vma_pin_vmap_pages(pin);
	else if (vma_pin_has_dmabuf(pin))
		ret = vma_pin_vmap_dmabuf(pin);
	else if (ops && ops->vmap)
		ret = ops->vmap(pin->ref.obj, &pin->map);
	else
		ret = -EOPNOTSUPP;
	if (ret) {
		iosys_map_clear(&pin->map);
		return ret;
	}
	if (pin->map.is_iomem) {
		vma_pin_vunmap_any(pin);
		return -EOPNOTSUPP;
	}
	return 0;
}

/**
 * vma_pin_vmap() - map the memory for the kernel
 * @pin: the pin
 * @dir: DMA_FROM_DEVICE to read, DMA_TO_DEVICE to write, as for
 *	dma_buf_begin_cpu_access(), or DMA_BIDIRECTIONAL; a pin without
 *	VMA_PIN_WRITE can only be read
 *
 * One mapping at a time, until vma_pin_vunmap() or vma_unpin(). Bracket the
 * accesses with vma_pin_sync_for_cpu() and vma_pin_sync_for_device(). If the
 * memory is mapped for a device as well, these follow the direction of that
 * mapping, see DOC: hand-over.
 *
 * Context: As vma_pin_map_dma().
 * Return: Kernel address of the first byte of the pinned range, or an ERR_PTR.
 * -EOPNOTSUPP if the owner has no kernel mapping or it is I/O memory, and
 * DOC: errors.
 */
void *vma_pin_vmap(struct vma_pin *pin, enum dma_data_direction dir)
{
	int ret;

	might_sleep();
	if (!valid_dma_direction(dir) ||
	    (dir != DMA_FROM_DEVICE && !(pin->flags & VMA_PIN_WRITE)))
		return ERR_PTR(-EINVAL);
	if (iosys_map_is_set(&pin->map))
		return ERR_PTR(-EBUSY);
	vma_pin_may_lock_resv(pin);
	ret = vma_pin_map_begin(pin);
	if (ret)
		return ERR_PTR(ret);

	pin->release = vma_pin_release;
	ret = vma_pin_vmap_any(pin);
	if (ret) {
		vma_pin_map_end(pin);
		return ERR_PTR(ret);
	}
	if (!READ_ONCE(pin->sgt) && !pin->begun) {
		pin->sync_dir = dir;
		pin->for_device = true;
	}
	if (pin->pages)
		return pin->map.vaddr + offset_in_page(pin->start);
	return pin->map.vaddr + pin->ref.offset;
}
EXPORT_SYMBOL_GPL(vma_pin_vmap);

/**
 * vma_pin_vunmap() - undo vma_pin_vmap()
 * @pin: the pin; without a mapping nothing happens
 *
 * Context: As vma_pin_unmap_dma(), but not inside a callback for VMA_PIN_MOVED:
 * a dma-buf that is mapped for the kernel does not move.
 */
void vma_pin_vunmap(struct vma_pin *pin)
{
	might_sleep();
	if (iosys_map_is_null(&pin->map))
		return;
	vma_pin_vunmap_any(pin);
	vma_pin_map_end(pin);
}
EXPORT_SYMBOL_GPL(vma_pin_vunmap);

/**
 * vma_pin_get_extents() - get the physical addresses of the memory
 * @pin: the pin
 *
 * For importers that program an IOMMU or a second-stage page table. Like any
 * mapping it is live until vma_pin_put_extents() or vma_unpin(), and the
 * addresses mean nothing afterwards.
 *
 * Context: As vma_pin_map_dma().
 * Return: The extents, exactly as long as the pinned range, or an ERR_PTR.
 * -EOPNOTSUPP for ordinary memory and for memory that has a dma-buf, and
 * DOC: errors.
 */
const struct vma_owner_extents *vma_pin_get_extents(struct vma_pin *pin)
{
	int ret;

	might_sleep();
	if (pin->extents.vec)
		return ERR_PTR(-EBUSY);
	ret = vma_pin_map_begin(pin);
	if (ret)
		return ERR_PTR(ret);

	pin->release = vma_pin_release;
	ret = vma_pin_fill_extents(pin, &pin->extents);
	if (!ret)
		return &pin->extents;
	vma_pin_map_end(pin);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_FOR_MODULES(vma_pin_get_extents,
			  "vfio_iommu_type1,iommufd,acrn,mshv_root,vma_owner_kunit,vma_owner_torture");

/**
 * vma_pin_put_extents() - undo vma_pin_get_extents()
 * @pin: the pin; without extents nothing happens
 *
 * Context: As vma_pin_unmap_dma().
 */
void vma_pin_put_extents(struct vma_pin *pin)
{
	might_sleep();
	if (!pin->extents.vec)
		return;
	vma_pin_drop_extents(pin, &pin->extents);
	vma_pin_map_end(pin);
}
EXPORT_SYMBOL_FOR_MODULES(vma_pin_put_extents,
			  "vfio_iommu_type1,iommufd,acrn,mshv_root,vma_owner_kunit,vma_owner_torture");

/**
 * vma_pin_sync_for_cpu() - the CPU is about to access the memory
 * @pin: the pin, mapped by vma_pin_map_dma() or vma_pin_vmap()
 *
 * A device that captured into the memory is done and user space may read it, or
 * the importer itself accesses it through vma_pin_vmap(). User space that
 * imports through a dma-buf calls an ioctl for this; by address nobody does, so
 * importers call it when a buffer is finished. See DOC: hand-over.
 *
 * A callback may undo the mapping for the device before this, and nothing is
 * synced then. Not to be called under the leaf lock that callbacks take, since
 * it may take the dma_resv.
 *
 * Context: Process context, may sleep. May take the dma_resv, but waits for no
 * fence.
 * Return: 0, also if the CPU has the memory already, or an errno of the exporter
 * of the dma-buf: what the device wrote may not be seen. Another call tries again.
 */
int vma_pin_sync_for_cpu(struct vma_pin *pin)
{
	might_sleep();
	vma_pin_may_lock_resv(pin);
	if (pin->dmabuf)
		return vma_pin_begin_cpu_access(pin);
	if (pin->pages)
		vma_pin_sync_pages(pin, false);
	else
		vma_pin_sync_extents(pin, false);
	return 0;
}
EXPORT_SYMBOL_GPL(vma_pin_sync_for_cpu);

/**
 * vma_pin_sync_for_device() - the device is about to access the memory
 * @pin: the pin, mapped by vma_pin_map_dma() or vma_pin_vmap()
 *
 * The counterpart of vma_pin_sync_for_cpu(), for when a buffer is prepared.
 *
 * Context: As vma_pin_sync_for_cpu().
 * Return: 0, also if the device has the memory already, or an errno of the
 * exporter of the dma-buf: the memory is still the CPU's, and what it wrote may
 * not be seen by the device.
 */
int vma_pin_sync_for_device(struct vma_pin *pin)
{
	might_sleep();
	vma_pin_may_lock_resv(pin);
	if (pin->dmabuf)
		return vma_pin_hand_over_dmabuf(pin);
	if (pin->pages)
		vma_pin_sync_pages(pin, true);
	else
		vma_pin_sync_extents(pin, true);
	return 0;
}
EXPORT_SYMBOL_GPL(vma_pin_sync_for_device);

/* What vma_unpin() does first, if there ever was a mapping */
static void vma_pin_release(struct vma_pin *pin)
{
	vma_pin_unmap_dma(pin);
	vma_pin_end_cpu_access(pin);
	vma_pin_vunmap(pin);
	vma_pin_put_extents(pin);
	if (pin->attach)
		dma_buf_detach(pin->dmabuf, pin->attach);
	if (pin->dmabuf)
		dma_buf_put(pin->dmabuf);
	pin->attach = NULL;
	pin->dmabuf = NULL;
}
