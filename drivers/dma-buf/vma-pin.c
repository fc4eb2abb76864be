// SPDX-License-Identifier: GPL-2.0
/*
 * What a pin of user memory can be mapped into: DMA addresses, a kernel
 * address, physical extents. mm/vma_owner.c has the pins themselves.
 */
#include <linux/dma-buf.h>
#include <linux/dma-direct.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/export.h>
#include <linux/highmem.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/pci-p2pdma.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/swiotlb.h>
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
 * Memory that is mapped for a device is the CPU's at first, and then in turns
 * as "who has the memory" in include/linux/vma_owner.h tells. An importer that
 * does not let the CPU in between hands over once, after it has mapped. What
 * the device still has when the mapping is undone is synced for the CPU then.
 *
 * What is synced is the pinned range, in the mapping of this pin, by the DMA
 * API. Of a dma-buf that is right if its table comes from the DMA API and the
 * memory is cached, which its owner says, see &vma_owner_obj_ops.sync. If the
 * owner does not and the device needs syncs, the memory is not mapped. The
 * exporter's begin_cpu_access and end_cpu_access are not called for that: they
 * sync the whole buffer for all who are attached, and so bring back what
 * another device had before, over what the CPU or this device has written
 * since.
 *
 * A dma-buf which the device writes is mapped for both directions. The exporter
 * syncs the whole buffer for the CPU when it unmaps it: what has been written
 * elsewhere in the buffer has to outlive that, and is handed over for it just
 * before. Of a buffer that is bounced it would still be lost if it was written at
 * that very moment, so that no part of one is mapped, save whole pages of it that
 * are all there are. On a device that is
 * not coherent a line that the CPU writes at that moment elsewhere in the
 * buffer may be lost: as for those who pass the dma-buf by fd. Of owned memory
 * such a device is given no part of a line to write: what the CPU writes beside
 * it would be lost, or what the device wrote.
 *
 * Memory that is mapped for the kernel alone is accessed as user space accesses
 * it, without syncs. Only if its owner says nothing of a dma-buf, its exporter
 * is told, by begin_cpu_access in vma_pin_sync_for_cpu() and end_cpu_access in
 * vma_pin_sync_for_device(), in the direction given to vma_pin_vmap(). Each
 * begin has its end, also when one of them fails; an error is returned, and the
 * next call tries again.
 *
 * Nothing of this waits for fences of the dma-buf, and the exporter should not:
 * they last as long as somebody else likes, and memory is taken back when a
 * process exits as well. Only vma_pin_map_dma() waits, for a move of the memory
 * by its exporter, not for those who read or write it, and a signal ends that.
 */

#define VMA_PIN_MAX_SEG	ALIGN_DOWN(UINT_MAX, PAGE_SIZE)

/* A table, and its entry if one will do: small pins are not to pay for memory */
struct dma_table {
	struct sg_table			sgt;
	struct scatterlist		one;
};

/**
 * struct pin_maps - the mappings of a pin, from the first one to the unpin
 * @base: what mm/vma_owner.c calls
 * @dmabuf: of memory that has one
 * @how: what its owner says of syncs
 * @attach: to @dmabuf, for @dev
 * @dev: what vma_pin_attach() was told
 * @sgt: mapping for @dev, or NULL
 * @dir: of @sgt
 * @table: @sgt, unless that is the exporter's table
 * @whole: of @sgt, the exporter's table, or that of the pages of @dma_extents
 * @dma_extents: of @sgt, what is mapped
 * @iova: of @dma_extents
 * @extents: of vma_pin_get_extents()
 * @map: mapping for the kernel
 * @vaddr: the same for readers without lock, once it is complete
 * @cpu_dir: direction of accesses by @vaddr
 * @synced: @sgt needs syncs
 * @for_device: @sgt is handed over, which ends at the latest when it is undone
 * @begun: CPU access of @dmabuf by @vaddr
 * @begun_dir: of that
 */
struct pin_maps {
	struct vma_pin_maps		base;
	struct dma_buf			*dmabuf;
	enum vma_owner_sync		how;
	struct dma_buf_attachment	*attach;
	struct device			*dev;
	struct sg_table			*sgt;
	enum dma_data_direction		dir;
	struct dma_table		table;
	struct sg_table			*whole;
	struct vma_owner_extents	dma_extents;
	struct dma_iova_state		iova;
	struct vma_owner_extents	extents;
	struct iosys_map		map;
	void				*vaddr;
	enum dma_data_direction		cpu_dir;
	bool				synced;
	bool				for_device;
	bool				begun;
	enum dma_data_direction		begun_dir;
};

/* Also without a lock, see vma_pin_vaddr() */
static struct pin_maps *maps_of(const struct vma_pin *pin)
{
	struct vma_pin_maps *maps = READ_ONCE(pin->maps);

	return maps ? container_of(maps, struct pin_maps, base) : NULL;
}

static void vma_pin_undo(struct vma_pin *pin);
static void vma_pin_release(struct vma_pin *pin);

static struct pin_maps *maps_get(struct vma_pin *pin)
{
	struct pin_maps *m = maps_of(pin);

	if (m)
		return m;
	m = kzalloc_obj(*m);
	if (!m)
		return NULL;
	m->base.undo = vma_pin_undo;
	m->base.release = vma_pin_release;
	smp_store_release(&pin->maps, &m->base);	/* all of it is empty */
	return m;
}

/* ------------------------------------------------------------------------- */
/* Contract with lockdep                                                     */

/* Stands for the dma_resv of any dma-buf */
static struct dma_resv vma_pin_any_resv;

/**
 * vma_pin_may_lock_any() - tell lockdep that any lock of a pin might be taken here
 *
 * Whichever this pin has: the next one has the other.
 *
 * Context: May sleep.
 */
void vma_pin_may_lock_any(void)
{
	vma_pin_may_lock();
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
	if (IS_ERR(r))
		return PTR_ERR(r);
	dma_resv_init(&vma_pin_any_resv);
	dma_resv_lock(&vma_pin_any_resv, NULL);
	/* As in vma_owner_teach_order() */
	vma_pin_may_lock();
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
	struct scatterlist	*last;		/* NULL if there is none yet */
};

static int dma_table_alloc(struct dma_table *t, unsigned int nents)
{
	if (nents != 1)
		return sg_alloc_table(&t->sgt, nents, GFP_KERNEL);
	sg_init_table(&t->one, 1);
	t->sgt = (struct sg_table) { &t->one, 1, 1 };
	return 0;
}

static void dma_table_free(struct dma_table *t)
{
	if (t->sgt.sgl != &t->one)
		sg_free_table(&t->sgt);
}

static int dma_slice_alloc(struct dma_slice *s, struct dma_table *t,
			   unsigned int nents)
{
	int ret = dma_table_alloc(t, nents);

	if (ret)
		return ret;
	s->table = &t->sgt;
	s->table->nents = 0;
	s->last = NULL;
	return 0;
}

static bool dma_slice_is_full(const struct dma_slice *s)
{
	return s->table->nents == s->table->orig_nents;
}

/*
 * DMA addresses only: there is no page behind them, or none to be touched. Drivers
 * that fill page tables look at the offset.
 */
static void dma_slice_add(struct dma_slice *s, dma_addr_t addr, size_t len)
{
	s->last = s->last ? sg_next(s->last) : s->table->sgl;
	sg_set_page(s->last, NULL, 0, offset_in_page(addr));
	sg_dma_address(s->last) = addr;
	sg_dma_len(s->last) = len;
	s->table->nents++;
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

/* Is there that much of it? */
static bool dma_table_reaches(struct sg_table *whole, u64 len)
{
	struct scatterlist *sg;
	int i;

	for_each_sgtable_dma_sg(whole, sg, i) {
		if (sg_dma_len(sg) >= len)
			return true;
		len -= sg_dma_len(sg);
	}
	return !len;
}

/* Cut @len bytes from @offset out of the DMA addresses of @whole, into @t */
static struct sg_table *dma_slice_cut(struct dma_table *t,
				      struct sg_table *whole, u64 offset,
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
	ret = dma_slice_alloc(&s, t, nents);
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
/* The lock of a pin                                                         */

/* Whoever has a revoke handle has no dma-buf, and may lose @ref meanwhile */
static bool vma_pin_has_dmabuf(const struct vma_pin *pin)
{
	return !pin->revoke && pin->ref.ops && pin->ref.ops->get_dmabuf;
}

static int vma_pin_get_dmabuf(struct vma_pin *pin)
{
	struct pin_maps *m = maps_get(pin);
	struct dma_buf *dmabuf;

	if (!m)
		return -ENOMEM;
	if (m->dmabuf)
		return 0;
	dmabuf = pin->ref.ops->get_dmabuf(pin->ref.obj);
	if (WARN_ON_ONCE(!dmabuf))
		return -ENOMEM;
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	m->dmabuf = dmabuf;
	if (pin->ref.ops->sync)
		m->how = pin->ref.ops->sync(pin->ref.obj);
	return 0;
}

static int vma_pin_lock_resv(struct vma_pin *pin, bool interruptible)
{
	struct dma_resv *resv = maps_of(pin)->dmabuf->resv;

	if (interruptible)
		return dma_resv_lock_interruptible(resv, NULL);
	return dma_resv_lock(resv, NULL);
}

static void vma_pin_unlock_resv(struct vma_pin *pin)
{
	dma_resv_unlock(maps_of(pin)->dmabuf->resv);
}

static void vma_pin_assert_resv(const struct vma_pin *pin)
{
	dma_resv_assert_held(maps_of(pin)->dmabuf->resv);
}

static void vma_pin_lock_uninterruptible(struct vma_pin *pin)
{
	struct pin_maps *m = maps_of(pin);

	if (m && m->dmabuf)
		vma_pin_lock_resv(pin, false);
	else
		vma_pin_revoke_lock(pin, false);
	vma_pin_lock_acquire();
}

/**
 * vma_pin_lock() - keep the owner from taking the memory back
 * @pin: the pin
 *
 * Under the lock mappings are made and undone, and no callback of the importer
 * comes: what is mapped here stays mapped until the lock is dropped, and the
 * device may be told of it. That is the dma_resv of a dma-buf, else the revoke
 * lock of the owner, which others may hold as well: it keeps out callbacks, not
 * other threads of the importer. Other memory needs no lock, which the importer
 * need not know.
 *
 * Context: Process context, may sleep. Not under the lock of another pin, nor a
 * lock that the importer's callbacks take.
 * Return: 0; -EINTR if a signal came, for the revoke lock a fatal one; -ENOMEM;
 * or what the owner's get_dmabuf says.
 */
int vma_pin_lock(struct vma_pin *pin)
{
	int ret;

	vma_pin_may_lock_any();
	if (WARN_ON_ONCE(!pin->client))
		return -EINVAL;
	if (vma_pin_has_dmabuf(pin)) {
		ret = vma_pin_get_dmabuf(pin);
		if (!ret)
			ret = vma_pin_lock_resv(pin, true);
	} else {
		ret = vma_pin_revoke_lock(pin, true);
	}
	if (!ret)
		vma_pin_lock_acquire();
	return ret;
}
EXPORT_SYMBOL_GPL(vma_pin_lock);

/**
 * vma_pin_unlock() - let the owner take the memory back again
 * @pin: the pin, locked by vma_pin_lock()
 *
 * Context: As vma_pin_lock().
 */
void vma_pin_unlock(struct vma_pin *pin)
{
	struct pin_maps *m = maps_of(pin);

	vma_pin_lock_release();
	if (m && m->dmabuf)
		vma_pin_unlock_resv(pin);
	else
		vma_pin_revoke_unlock(pin);
}
EXPORT_SYMBOL_GPL(vma_pin_unlock);

static void vma_pin_assert_lock(const struct vma_pin *pin)
{
	struct pin_maps *m = maps_of(pin);

	might_sleep();
	vma_pin_assert_locked(pin);
	if (m && m->dmabuf)
		vma_pin_assert_resv(pin);
}

/* ------------------------------------------------------------------------- */
/* Syncs by DMA address                                                      */

/*
 * An entry behind an IOMMU may be scattered memory, and the DMA API syncs what is
 * together: a granule of the IOMMU at a time.
 */
static void vma_pin_sync_entry(struct pin_maps *m, dma_addr_t addr, size_t len,
			       bool for_device)
{
	unsigned long mask = dma_get_merge_boundary(m->dev);
	size_t n;

	/* Not all IOMMUs name their granule */
	if (!mask)
		mask = get_dma_ops(m->dev) ? PAGE_SIZE - 1 : ULONG_MAX;

	for (; len; len -= n, addr += n) {
		n = min_t(u64, len - 1, mask - (addr & mask)) + 1;
		if (for_device)
			dma_sync_single_for_device(m->dev, addr, n, m->dir);
		else
			dma_sync_single_for_cpu(m->dev, addr, n, m->dir);
	}
}

static void vma_pin_sync_table(struct pin_maps *m, struct sg_table *sgt,
			       bool for_device)
{
	struct scatterlist *sg;
	int i;

	for_each_sgtable_dma_sg(sgt, sg, i)
		vma_pin_sync_entry(m, sg_dma_address(sg), sg_dma_len(sg),
				   for_device);
}

/* Returns whether there is anything to do. A device that only reads wrote nothing */
static bool vma_pin_turn(struct pin_maps *m, bool for_device)
{
	if (!m->sgt || m->for_device == for_device)
		return false;
	m->for_device = for_device;
	return m->synced && (for_device || m->dir != DMA_TO_DEVICE);
}

/* ------------------------------------------------------------------------- */
/* dma-buf                                                                   */

/* Whatever it returns, the access has ended */
static int vma_pin_end_cpu_access(struct pin_maps *m)
{
	if (!m->begun)
		return 0;
	m->begun = false;
	return dma_buf_end_cpu_access(m->dmabuf, m->begun_dir);
}

/*
 * Not dma_buf_begin_cpu_access(), which also waits for fences: for as long as
 * somebody else likes, under a lock of the importer, in the exit of a process.
 */
static int vma_pin_begin_cpu_access(struct pin_maps *m)
{
	struct dma_buf *dmabuf = m->dmabuf;
	int ret = 0;

	if (m->how != VMA_OWNER_SYNC_UNKNOWN)
		return 0;
	/* Of a kernel mapping that is no more, another way */
	if (m->begun && m->begun_dir != m->cpu_dir)
		vma_pin_end_cpu_access(m);
	if (m->begun)
		return 0;
	if (dmabuf->ops->begin_cpu_access)
		ret = dmabuf->ops->begin_cpu_access(dmabuf, m->cpu_dir);
	m->begun = !ret;
	m->begun_dir = m->cpu_dir;
	return ret;
}

/* See DOC: hand-over */
static void vma_pin_unmap_whole(struct pin_maps *m, struct sg_table *whole)
{
	if (m->synced && m->how == VMA_OWNER_SYNC_DMA && m->dir != DMA_TO_DEVICE)
		vma_pin_sync_table(m, whole, true);
	dma_buf_unmap_attachment(m->attach, whole, m->dir);
}

static void vma_pin_unmap_dmabuf(struct pin_maps *m)
{
	if (vma_pin_turn(m, false))
		vma_pin_sync_table(m, m->sgt, false);
	if (m->sgt != m->whole)
		dma_table_free(&m->table);
	vma_pin_unmap_whole(m, m->whole);
	m->whole = NULL;
	WRITE_ONCE(m->sgt, NULL);
}

/* The exporter has the dma_resv */
static void vma_pin_moved(struct dma_buf_attachment *attach)
{
	struct vma_pin *pin = attach->importer_priv;
	struct pin_maps *m = maps_of(pin);

	vma_pin_invalidate(pin, VMA_OWNER_MOVED);
	if (m->sgt)
		vma_pin_unmap_dmabuf(m);
}

static const struct dma_buf_attach_ops vma_pin_attach_ops = {
	.invalidate_mappings	= vma_pin_moved,
};

static const struct dma_buf_attach_ops vma_pin_attach_p2p_ops = {
	.allow_peer2peer	= true,
	.invalidate_mappings	= vma_pin_moved,
};

static int vma_pin_attach_dmabuf(struct vma_pin *pin, struct device *dev)
{
	const struct dma_buf_attach_ops *ops = NULL;
	struct dma_buf_attachment *attach;
	struct pin_maps *m = maps_of(pin);

	if (m->attach && m->attach->dev == dev)
		return 0;
	if (m->attach)
		dma_buf_detach(m->dmabuf, m->attach);
	m->attach = NULL;

	if (pin->client->invalidate)
		ops = pin->client->peer2peer ? &vma_pin_attach_p2p_ops :
					       &vma_pin_attach_ops;
	attach = dma_buf_dynamic_attach(m->dmabuf, dev, ops, pin);
	if (IS_ERR(attach))
		return PTR_ERR(attach);
	m->attach = attach;
	return 0;
}

static bool vma_pin_is_whole(const struct vma_pin *pin)
{
	return !pin->ref.offset && pin->len == maps_of(pin)->dmabuf->size;
}

/* Nobody else's bytes are in the pages of the pin */
static bool vma_pin_is_all_pages(const struct vma_pin *pin)
{
	return pin->ref.offset < PAGE_SIZE &&
	       PAGE_ALIGN(pin->ref.offset + pin->len) >=
	       maps_of(pin)->dmabuf->size;
}

/* Nobody else knows what they do; those of dma-iommu are known */
static bool dma_has_own_ops(struct device *dev)
{
	return get_dma_ops(dev) && !dma_get_merge_boundary(dev);
}

static struct iommu_domain *dma_domain_of(struct device *dev)
{
	return dma_get_merge_boundary(dev) ? iommu_get_domain_for_dev(dev) :
					     NULL;
}

static bool dma_is_bounced(struct device *dev, struct iommu_domain *domain,
			   dma_addr_t addr)
{
	phys_addr_t paddr;

	paddr = domain ? iommu_iova_to_phys(domain, addr) :
			 dma_to_phys(dev, addr);
	return swiotlb_find_pool(dev, paddr);
}

/*
 * An entry is bounced as a whole; behind an IOMMU one that is not of whole granules,
 * for a device that is not trusted. Of what has DMA operations of its own, those that
 * may bounce limit what is mapped.
 */
static bool dma_table_is_bounced(struct device *dev, struct sg_table *sgt)
{
	struct iommu_domain *domain = dma_domain_of(dev);
	struct scatterlist *sg;
	int i;

	if (dma_has_own_ops(dev))
		return dma_max_mapping_size(dev) != SIZE_MAX;
	for_each_sgtable_dma_sg(sgt, sg, i)
		if (dma_is_bounced(dev, domain, sg_dma_address(sg)))
			return true;
	return false;
}

static bool dma_table_needs_sync(struct device *dev, struct sg_table *sgt)
{
	struct scatterlist *sg;
	int i;

	/* So it is for most, and asked of each entry else */
	if (!dma_dev_need_sync(dev))
		return false;
	/* Behind an IOMMU dma_need_sync() cannot tell by an address, and says yes */
	if (dma_domain_of(dev) && dev_is_dma_coherent(dev))
		return dma_max_mapping_size(dev) != SIZE_MAX &&
		       dma_table_is_bounced(dev, sgt);
	for_each_sgtable_dma_sg(sgt, sg, i)
		if (dma_need_sync(dev, sg_dma_address(sg)))
			return true;
	return false;
}

/* The DMA API has mapped it without a sync, and nobody will sync it */
static bool vma_pin_lacks_syncs(struct vma_pin *pin, struct sg_table *sgt)
{
	return pin->client->no_sync &&
	       dma_table_needs_sync(maps_of(pin)->dev, sgt);
}

static int vma_pin_choose_sync(struct vma_pin *pin, struct sg_table *whole,
			       enum dma_data_direction dir)
{
	struct pin_maps *m = maps_of(pin);

	m->synced = m->how != VMA_OWNER_SYNC_NEVER &&
		    dma_table_needs_sync(m->dev, whole);
	if (!m->synced)
		return 0;
	if (m->how != VMA_OWNER_SYNC_DMA || pin->client->no_sync)
		return -EOPNOTSUPP;
	/* What the device only reads is not copied back */
	if (dir != DMA_TO_DEVICE && !vma_pin_is_all_pages(pin) &&
	    dma_table_is_bounced(m->dev, whole))
		return -EOPNOTSUPP;
	return 0;
}

/* Might vma_pin_choose_sync() refuse? It is known for sure from a table alone */
static bool vma_pin_may_be_refused(struct vma_pin *pin,
				   enum dma_data_direction dir)
{
	struct pin_maps *m = maps_of(pin);

	if (dir == DMA_TO_DEVICE || m->how == VMA_OWNER_SYNC_NEVER)
		return false;
	if (m->how != VMA_OWNER_SYNC_DMA || pin->client->no_sync)
		return !dev_is_dma_coherent(m->dev) || dma_has_own_ops(m->dev) ||
		       dma_max_mapping_size(m->dev) != SIZE_MAX;
	return !vma_pin_is_all_pages(pin) &&
	       dma_max_mapping_size(m->dev) != SIZE_MAX;
}

/*
 * To take back a mapping that the device may write copies the whole dma-buf back,
 * over what others have written meanwhile. So ask with one that is not copied back.
 */
static int vma_pin_try_dmabuf(struct vma_pin *pin, enum dma_data_direction dir)
{
	struct pin_maps *m = maps_of(pin);
	struct sg_table *whole;
	int ret;

	whole = dma_buf_map_attachment(m->attach, DMA_TO_DEVICE);
	if (IS_ERR(whole))
		return PTR_ERR(whole);
	ret = vma_pin_choose_sync(pin, whole, dir);
	dma_buf_unmap_attachment(m->attach, whole, DMA_TO_DEVICE);
	return ret;
}

/*
 * Would others write what is in a line with what the device writes? Allocators
 * fill the last page up.
 */
static bool vma_pin_shares_a_line(struct vma_pin *pin,
				  enum dma_data_direction dir)
{
	unsigned int line = dma_get_cache_alignment();
	u64 start = pin->ref.offset, end = start + pin->len;

	if (dir == DMA_TO_DEVICE || dev_is_dma_coherent(maps_of(pin)->dev))
		return false;
	return !IS_ALIGNED(start, line) ||
	       (PAGE_ALIGN(end) < pin->ref.size && !IS_ALIGNED(end, line));
}

static struct sg_table *vma_pin_map_dmabuf(struct vma_pin *pin,
					   enum dma_data_direction dir)
{
	struct pin_maps *m = maps_of(pin);
	struct sg_table *whole, *sgt;
	long ret;

	if (m->how == VMA_OWNER_SYNC_DMA && vma_pin_shares_a_line(pin, dir))
		return ERR_PTR(-EINVAL);
	/* See DOC: hand-over */
	if (dir == DMA_FROM_DEVICE)
		dir = DMA_BIDIRECTIONAL;
	if (vma_pin_may_be_refused(pin, dir)) {
		ret = vma_pin_try_dmabuf(pin, dir);
		if (ret)
			return ERR_PTR(ret);
	}
	whole = dma_buf_map_attachment(m->attach, dir);
	if (IS_ERR(whole))
		return whole;

	m->dir = dir;
	ret = vma_pin_choose_sync(pin, whole, dir);
	if (ret)
		goto err_unmap;

	/* A move's copy may be under way; static importers had it waited for */
	if (pin->client->invalidate) {
		ret = dma_resv_wait_timeout(m->dmabuf->resv,
					    DMA_RESV_USAGE_KERNEL, true,
					    MAX_SCHEDULE_TIMEOUT);
		if (ret < 0)
			goto err_unmap;
	}

	sgt = whole;
	if (!vma_pin_is_whole(pin))
		sgt = dma_slice_cut(&m->table, whole, pin->ref.offset,
				    pin->len);
	else if (!dma_table_reaches(whole, pin->len))
		sgt = ERR_PTR(-EFAULT);
	if (IS_ERR(sgt)) {
		ret = PTR_ERR(sgt);
		goto err_unmap;
	}
	m->whole = whole;
	smp_store_release(&m->sgt, sgt);	/* the table is complete */
	return sgt;

err_unmap:
	vma_pin_unmap_whole(m, whole);
	return ERR_PTR(ret);
}

/* ------------------------------------------------------------------------- */
/* Pages                                                                     */

static unsigned int vma_pin_max_seg(const struct vma_pin *pin,
				    struct device *dev)
{
	if (pin->client->contiguous)
		return VMA_PIN_MAX_SEG;
	/* A page is the least that a table is made of, and all but its ends */
	return max_t(unsigned int, PAGE_SIZE,
		     ALIGN_DOWN(dma_get_max_seg_size(dev), PAGE_SIZE));
}

/* Each implementation of the DMA API has errnos of its own */
static int dma_pages_map(struct device *dev, struct sg_table *sgt,
			 enum dma_data_direction dir)
{
	int ret = dma_map_sgtable(dev, sgt, dir, DMA_ATTR_SKIP_CPU_SYNC);

	return !ret || ret == -ENOMEM ? ret : -EIO;
}

static int vma_pin_table_of_pages(struct vma_pin *pin)
{
	struct pin_maps *m = maps_of(pin);
	int ret;

	if (pin->nr_pages > 1)
		return sg_alloc_table_from_pages_segment(&m->table.sgt,
				pin->pages, pin->nr_pages,
				offset_in_page(pin->start), pin->len,
				vma_pin_max_seg(pin, m->dev), GFP_KERNEL);
	ret = dma_table_alloc(&m->table, 1);
	if (!ret)
		sg_set_page(m->table.sgt.sgl, pin->pages[0], pin->len,
			    offset_in_page(pin->start));
	return ret;
}

static struct sg_table *vma_pin_map_pages(struct vma_pin *pin,
					  enum dma_data_direction dir)
{
	struct pin_maps *m = maps_of(pin);
	struct sg_table *sgt = &m->table.sgt;
	int ret;

	ret = vma_pin_table_of_pages(pin);
	if (ret)
		return ERR_PTR(ret);
	ret = dma_pages_map(m->dev, sgt, dir);
	if (ret)
		goto err_free;
	if (vma_pin_lacks_syncs(pin, sgt)) {
		dma_unmap_sgtable(m->dev, sgt, dir, DMA_ATTR_SKIP_CPU_SYNC);
		ret = -EOPNOTSUPP;
		goto err_free;
	}
	m->dir = dir;
	m->synced = true;
	smp_store_release(&m->sgt, sgt);	/* the table is complete */
	return sgt;

err_free:
	dma_table_free(&m->table);
	return ERR_PTR(ret);
}

/*
 * What is the CPU's it may have written: to sync that for the CPU once more would
 * bring back what was there before.
 */
static void vma_pin_unmap_pages(struct pin_maps *m)
{
	bool sync = vma_pin_turn(m, false);

	dma_unmap_sgtable(m->dev, m->sgt, m->dir,
			  sync ? 0 : DMA_ATTR_SKIP_CPU_SYNC);
	dma_table_free(&m->table);
	WRITE_ONCE(m->sgt, NULL);
}

/* The kernel's mapping of ordinary memory may alias in a virtual cache */
static void vma_pin_flush_alias(struct vma_pin *pin)
{
	struct pin_maps *m = maps_of(pin);

	if (m->vaddr)
		flush_kernel_vmap_range(m->map.vaddr,
					pin->nr_pages << PAGE_SHIFT);
}

static void vma_pin_invalidate_alias(struct vma_pin *pin)
{
	struct pin_maps *m = maps_of(pin);

	if (m->vaddr)
		invalidate_kernel_vmap_range(m->map.vaddr,
					     pin->nr_pages << PAGE_SHIFT);
}

static void dma_pages_sync(struct pin_maps *m, struct sg_table *sgt,
			   bool for_device)
{
	if (for_device)
		dma_sync_sgtable_for_device(m->dev, sgt, m->dir);
	else
		dma_sync_sgtable_for_cpu(m->dev, sgt, m->dir);
}

static void vma_pin_sync_pages(struct vma_pin *pin, bool for_device)
{
	struct pin_maps *m = maps_of(pin);

	if (!vma_pin_turn(m, for_device))
		return;
	if (for_device)
		vma_pin_flush_alias(pin);
	dma_pages_sync(m, m->sgt, for_device);
	if (!for_device)
		vma_pin_invalidate_alias(pin);
}

/* ------------------------------------------------------------------------- */
/* Extents                                                                   */

static int vma_pin_fill_extents(struct vma_pin *pin,
				struct vma_owner_extents *x)
{
	const struct vma_owner_obj_ops *ops = pin->ref.ops;
	bool empty = false;
	u64 len = 0;
	unsigned int i;
	int ret;

	if (!ops || !ops->get_extents || ops->get_dmabuf)
		return -EOPNOTSUPP;
	*x = (struct vma_owner_extents) { .prot = PAGE_KERNEL };
	ret = ops->get_extents(pin->ref.obj, pin->ref.offset, pin->len, x);
	if (ret)
		goto err;

	for (i = 0; i < x->nr; i++) {
		empty |= !x->vec[i].len;
		len += x->vec[i].len;
	}
	if (!WARN_ON_ONCE(empty || len != pin->len))
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
 * pages. The DMA API has no sync for such a range; see dma_slice_of_pages().
 */
static bool vma_pin_alloc_iova(struct pin_maps *m, size_t len)
{
	const struct vma_owner_extents *x = &m->dma_extents;
	unsigned long mask = dma_get_merge_boundary(m->dev);
	unsigned int i;

	m->iova = (struct dma_iova_state) {};
	if (x->type == VMA_OWNER_RAM)
		return false;
	if (vma_pin_p2p_type(x, m->dev) != PCI_P2PDMA_MAP_THRU_HOST_BRIDGE)
		return false;
	for (i = 1; i < x->nr; i++)
		if ((x->vec[i - 1].paddr + x->vec[i - 1].len) & mask ||
		    x->vec[i].paddr & mask)
			return false;
	return dma_iova_try_alloc(m->dev, &m->iova, x->vec[0].paddr, len);
}

/* Inline, for what an unmap costs */
static __always_inline void
dma_slice_unmap(struct pin_maps *m, struct sg_table *table, size_t len,
		enum dma_data_direction dir, bool sync)
{
	const struct vma_owner_extents *x = &m->dma_extents;
	struct scatterlist *sg;
	int i;

	if (vma_pin_p2p_type(x, m->dev) == PCI_P2PDMA_MAP_BUS_ADDR)
		return;
	if (dma_use_iova(&m->iova)) {
		dma_iova_destroy(m->dev, &m->iova, len, dir,
				 vma_pin_dma_attrs(x, false));
		return;
	}
	for_each_sgtable_dma_sg(table, sg, i)
		dma_unmap_phys(m->dev, sg_dma_address(sg), sg_dma_len(sg), dir,
			       vma_pin_dma_attrs(x, sync));
}

/* How much of it lies before the next boundary that no segment may cross */
static size_t dma_slice_fits(struct device *dev, dma_addr_t addr, size_t len)
{
	u64 mask = dma_get_seg_boundary(dev);

	return min_t(u64, len - 1, mask - (addr & mask)) + 1;
}

/*
 * What is not bounced may be beyond the device, and user space chooses the two. The
 * DMA API warns of that, and so is not asked where the answer is plain.
 */
static bool dma_slice_is_beyond(struct pin_maps *m, phys_addr_t paddr,
				size_t len)
{
	u64 limit = min_not_zero(dma_get_mask(m->dev), m->dev->bus_dma_limit);
	bool ram = m->dma_extents.type == VMA_OWNER_RAM;
	dma_addr_t addr;

	if (dma_get_merge_boundary(m->dev) || get_dma_ops(m->dev))
		return false;
	addr = ram ? phys_to_dma(m->dev, paddr) :
		     phys_to_dma_unencrypted(m->dev, paddr);
	if (addr != DMA_MAPPING_ERROR && addr + (len - 1) <= limit)
		return false;
	/* RAM may be bounced */
	return !ram || !is_swiotlb_active(m->dev);
}

/*
 * Where the boundary is shows once it is mapped. An entry is what is synced and
 * unmapped, so what crosses it is mapped again as far as it goes.
 */
static int dma_slice_map_fitting(struct pin_maps *m, dma_addr_t *addr,
				 enum dma_data_direction dir, phys_addr_t paddr,
				 size_t *len)
{
	unsigned long attrs = vma_pin_dma_attrs(&m->dma_extents, false);
	size_t fits;

	if (dma_slice_is_beyond(m, paddr, *len))
		return -EIO;
	for (;; *len = fits) {
		*addr = dma_map_phys(m->dev, paddr, *len, dir, attrs);
		if (dma_mapping_error(m->dev, *addr))
			return -EIO;
		fits = dma_slice_fits(m->dev, *addr, *len);
		if (fits == *len)
			return 0;
		dma_unmap_phys(m->dev, *addr, *len, dir, attrs);
	}
}

/* Sets @len to what it has mapped */
static int dma_slice_map(struct dma_slice *s, struct pin_maps *m,
			 enum dma_data_direction dir, phys_addr_t paddr,
			 size_t *len)
{
	const struct vma_owner_extents *x = &m->dma_extents;
	dma_addr_t addr;
	int ret;

	if (dma_slice_is_full(s))
		return -E2BIG;
	switch (vma_pin_p2p_type(x, m->dev)) {
	case PCI_P2PDMA_MAP_BUS_ADDR:
		addr = pci_p2pdma_bus_addr_map(x->provider, paddr);
		*len = dma_slice_fits(m->dev, addr, *len);
		break;
	case PCI_P2PDMA_MAP_THRU_HOST_BRIDGE:
		ret = dma_slice_map_fitting(m, &addr, dir, paddr, len);
		if (ret)
			return ret;
		break;
	default:
		return -EOPNOTSUPP;
	}
	dma_slice_add(s, addr, *len);
	return 0;
}

static int dma_slice_map_each(struct dma_slice *s, struct pin_maps *m,
			      enum dma_data_direction dir, size_t max)
{
	const struct vma_owner_extents *x = &m->dma_extents;
	unsigned int i;
	int ret;

	for (i = 0; i < x->nr; i++) {
		phys_addr_t paddr = x->vec[i].paddr;
		size_t left = x->vec[i].len, n;

		for (; left; left -= n, paddr += n) {
			n = min(left, max - offset_in_page(paddr));
			ret = dma_slice_map(s, m, dir, paddr, &n);
			if (ret) {
				dma_slice_unmap(m, s->table, 0, dir, false);
				return ret;
			}
		}
	}
	return 0;
}

/* An entry for each extent also in one range, as if there were none */
static int dma_slice_link_all(struct dma_slice *s, struct pin_maps *m,
			      enum dma_data_direction dir, size_t max)
{
	const struct vma_owner_extents *x = &m->dma_extents;
	unsigned long attrs = vma_pin_dma_attrs(x, false);
	size_t at = 0, end = 0, n;
	dma_addr_t addr;
	unsigned int i;
	int ret;

	for (i = 0; i < x->nr; i++) {
		ret = dma_iova_link(m->dev, &m->iova, x->vec[i].paddr, at,
				    x->vec[i].len, dir, attrs);
		if (ret)
			goto err_destroy;
		end = at + x->vec[i].len;
		for (; at < end; at += n) {
			ret = -E2BIG;
			if (dma_slice_is_full(s))
				goto err_destroy;
			addr = m->iova.addr + at;
			n = min(end - at, max - offset_in_page(addr));
			n = dma_slice_fits(m->dev, addr, n);
			dma_slice_add(s, addr, n);
		}
	}
	ret = dma_iova_sync(m->dev, &m->iova, 0, end);
	if (!ret)
		return 0;
err_destroy:
	dma_iova_destroy(m->dev, &m->iova, end, dir, attrs);
	return ret == -ENOMEM || ret == -E2BIG ? ret : -EIO;
}

/*
 * RAM has pages, and who maps a table of them may join them. Nobody else does.
 * Of segments that are less than a page it gets the sizes wrong.
 */
static bool vma_pin_is_joined(struct pin_maps *m)
{
	return m->dma_extents.type == VMA_OWNER_RAM &&
	       (dma_get_merge_boundary(m->dev) || get_dma_ops(m->dev)) &&
	       dma_get_max_seg_size(m->dev) >= PAGE_SIZE &&
	       dma_get_seg_boundary(m->dev) >= PAGE_SIZE - 1;
}

static u64 dma_count_segs(const struct vma_owner_extents *x, size_t max)
{
	unsigned int i;
	u64 nents = 0;

	for (i = 0; i < x->nr; i++)
		nents += DIV_ROUND_UP_ULL(offset_in_page(x->vec[i].paddr) +
					  x->vec[i].len, max);
	return nents;
}

static struct sg_table *dma_pages_alloc(const struct vma_owner_extents *x,
					size_t max)
{
	u64 nents = dma_count_segs(x, max);
	struct scatterlist *sg;
	struct sg_table *table;
	unsigned int i;
	int ret;

	if (nents > UINT_MAX)
		return ERR_PTR(-ENOMEM);
	table = kzalloc_obj(*table);
	if (!table)
		return ERR_PTR(-ENOMEM);
	ret = sg_alloc_table(table, nents, GFP_KERNEL);
	if (ret) {
		kfree(table);
		return ERR_PTR(ret);
	}

	sg = table->sgl;
	for (i = 0; i < x->nr; i++) {
		phys_addr_t paddr = x->vec[i].paddr;
		size_t left = x->vec[i].len, n;

		for (; left; left -= n, paddr += n, sg = sg_next(sg)) {
			n = min(left, max - offset_in_page(paddr));
			sg_set_page(sg, pfn_to_page(PHYS_PFN(paddr)), n,
				    offset_in_page(paddr));
		}
	}
	return table;
}

static void dma_pages_free(struct sg_table *table)
{
	sg_free_table(table);
	kfree(table);
}

/* What importers get are the addresses alone, as of all that is owned */
static struct sg_table *dma_slice_of_pages(struct vma_pin *pin,
					   enum dma_data_direction dir,
					   size_t max)
{
	struct pin_maps *m = maps_of(pin);
	struct sg_table *whole, *sgt;
	int ret;

	whole = dma_pages_alloc(&m->dma_extents, max);
	if (IS_ERR(whole))
		return whole;
	ret = dma_pages_map(m->dev, whole, dir);
	if (ret)
		goto err_free;
	sgt = dma_slice_cut(&m->table, whole, 0, pin->len);
	if (IS_ERR(sgt)) {
		ret = PTR_ERR(sgt);
		goto err_unmap;
	}
	m->whole = whole;
	return sgt;

err_unmap:
	dma_unmap_sgtable(m->dev, whole, dir, DMA_ATTR_SKIP_CPU_SYNC);
err_free:
	dma_pages_free(whole);
	return ERR_PTR(ret);
}

/* -E2BIG if the entries are too few */
static struct sg_table *dma_slice_fill(struct vma_pin *pin,
				       enum dma_data_direction dir, size_t max,
				       u64 nents)
{
	struct pin_maps *m = maps_of(pin);
	struct dma_slice s;
	int ret;

	if (nents > UINT_MAX)
		return ERR_PTR(-ENOMEM);
	ret = dma_slice_alloc(&s, &m->table, nents);
	if (ret)
		return ERR_PTR(ret);

	if (vma_pin_alloc_iova(m, pin->len))
		ret = dma_slice_link_all(&s, m, dir, max);
	else
		ret = dma_slice_map_each(&s, m, dir, max);
	if (!ret) {
		sg_mark_end(s.last);
		return s.table;
	}
	dma_table_free(&m->table);
	return ERR_PTR(ret);
}

static struct sg_table *dma_slice_of_extents(struct vma_pin *pin,
					     enum dma_data_direction dir)
{
	struct pin_maps *m = maps_of(pin);
	const struct vma_owner_extents *x = &m->dma_extents;
	u64 mask = dma_get_seg_boundary(m->dev), nents, cuts = 0;
	size_t max = vma_pin_max_seg(pin, m->dev);
	struct sg_table *sgt;
	unsigned int i;

	/* What is joined is kept from a boundary that no entry is longer than */
	if (vma_pin_is_joined(m))
		return dma_slice_of_pages(pin, dir, min_t(u64, max - 1, mask) + 1);
	nents = dma_count_segs(x, max);
	for (i = 0; i < x->nr; i++)
		cuts += 1 + div64_u64(x->vec[i].len, mask + 1 ?: mask);
	/* Few extents lie across a boundary */
	sgt = dma_slice_fill(pin, dir, max, nents);
	if (PTR_ERR(sgt) == -E2BIG)
		sgt = dma_slice_fill(pin, dir, max, nents + cuts);
	return PTR_ERR(sgt) == -E2BIG ? ERR_PTR(-EIO) : sgt;
}

/* Memory that the CPU caches, a device that does not look there, and no sync */
static bool vma_pin_is_stale(const struct vma_owner_extents *x,
			     struct device *dev)
{
	return x->type == VMA_OWNER_RAM_FIXED && !dev_is_dma_coherent(dev) &&
	       pgprot_val(x->prot) == pgprot_val(PAGE_KERNEL);
}

static __always_inline void
vma_pin_undo_slice(struct vma_pin *pin, struct sg_table *sgt,
		   enum dma_data_direction dir, bool sync)
{
	struct pin_maps *m = maps_of(pin);

	if (m->whole) {
		dma_unmap_sgtable(m->dev, m->whole, dir,
				  sync ? 0 : DMA_ATTR_SKIP_CPU_SYNC);
		dma_pages_free(m->whole);
		m->whole = NULL;
	} else {
		dma_slice_unmap(m, sgt, pin->len, dir, sync);
	}
	dma_table_free(&m->table);
}

static struct sg_table *vma_pin_map_extents(struct vma_pin *pin,
					    enum dma_data_direction dir)
{
	struct pin_maps *m = maps_of(pin);
	struct sg_table *sgt;
	int ret;

	ret = vma_pin_fill_extents(pin, &m->dma_extents);
	if (ret)
		return ERR_PTR(ret);
	if (vma_pin_is_stale(&m->dma_extents, m->dev))
		sgt = ERR_PTR(-EOPNOTSUPP);
	else if (m->dma_extents.type == VMA_OWNER_RAM &&
		 vma_pin_shares_a_line(pin, dir))
		sgt = ERR_PTR(-EINVAL);
	else
		sgt = dma_slice_of_extents(pin, dir);
	if (!IS_ERR(sgt) && m->dma_extents.type == VMA_OWNER_RAM &&
	    vma_pin_lacks_syncs(pin, m->whole ?: sgt)) {
		vma_pin_undo_slice(pin, sgt, dir, false);
		sgt = ERR_PTR(-EOPNOTSUPP);
	}
	if (IS_ERR(sgt)) {
		vma_pin_drop_extents(pin, &m->dma_extents);
		return sgt;
	}
	/* All but plain RAM was mapped as it is, for good */
	m->synced = m->dma_extents.type == VMA_OWNER_RAM;
	m->dir = dir;
	smp_store_release(&m->sgt, sgt);	/* the table is complete */
	return sgt;
}

static void vma_pin_unmap_extents(struct vma_pin *pin)
{
	struct pin_maps *m = maps_of(pin);

	vma_pin_undo_slice(pin, m->sgt, m->dir, vma_pin_turn(m, false));
	WRITE_ONCE(m->sgt, NULL);
	vma_pin_drop_extents(pin, &m->dma_extents);
}

/* ------------------------------------------------------------------------- */
/* For importers                                                             */

static int vma_pin_attach_any(struct vma_pin *pin, struct device *dev)
{
	struct pin_maps *m = maps_get(pin);
	int ret = 0;

	if (!m)
		return -ENOMEM;
	if (READ_ONCE(m->sgt))
		return m->dev == dev ? 0 : -EBUSY;
	if (vma_pin_has_dmabuf(pin)) {
		ret = vma_pin_get_dmabuf(pin);
		if (!ret)
			ret = vma_pin_attach_dmabuf(pin, dev);
	}
	m->dev = ret ? NULL : dev;
	return ret;
}

/**
 * vma_pin_attach() - say which device is to access the memory
 * @pin: the pin
 * @dev: the device
 *
 * Once before vma_pin_map_dma(), and again for another device when nothing is
 * mapped. vma_pin_map_dma_unlocked() does it by itself.
 *
 * Context: Process context, may sleep. Takes the revoke lock, or lets the
 * exporter of a dma-buf take the dma_resv.
 * Return: 0; -EINTR if a fatal signal came; -EBUSY if the memory is mapped for
 * another device; -ENOMEM; or what the owner's get_dmabuf or the exporter of the
 * dma-buf says.
 */
int vma_pin_attach(struct vma_pin *pin, struct device *dev)
{
	int ret;

	vma_pin_may_lock_any();
	if (WARN_ON_ONCE(!pin->client))
		return -EINVAL;
	/* A restore may map; a dma-buf is attached without its lock */
	ret = vma_pin_revoke_lock(pin, true);
	if (ret)
		return ret;
	ret = vma_pin_attach_any(pin, dev);
	vma_pin_revoke_unlock(pin);
	return ret;
}
EXPORT_SYMBOL_GPL(vma_pin_attach);

static bool vma_pin_allows(const struct vma_pin *pin,
			   enum dma_data_direction dir,
			   enum dma_data_direction reading)
{
	return valid_dma_direction(dir) &&
	       (dir == reading || pin->flags & VMA_PIN_WRITE);
}

/**
 * vma_pin_map_dma() - map the memory for the device
 * @pin: the pin, with a device by vma_pin_attach()
 * @dir: direction of the transfers; a pin without VMA_PIN_WRITE can only be
 *	mapped DMA_TO_DEVICE
 *
 * One mapping at a time, until vma_pin_unmap_dma() or vma_unpin(), or until the
 * owner takes the memory back. The memory is the CPU's until
 * vma_pin_sync_for_device(), see DOC: hand-over.
 *
 * Context: Process context, may sleep. The lock of the pin is held, also by
 * &vma_pin_client.restore.
 * Return: The DMA addresses of exactly the pinned range, or an ERR_PTR. Use only
 * sg_dma_address() and sg_dma_len() of its entries: unless the memory is
 * ordinary or a whole dma-buf there are no pages, and sg_page() is NULL. The
 * offset of such an entry is that of its DMA address in the page. No entry is
 * longer than dma_get_max_seg_size(), or a page if that is more, save for
 * &vma_pin_client.contiguous and for what the exporter of a dma-buf maps; none
 * of extents crosses dma_get_seg_boundary(), unless the DMA API joins RAM without
 * a look at it.
 * -EOPNOTSUPP if there is no way for the device to reach the memory, or none to
 * sync it, or nobody who does, and the device needs that; -EINVAL if the device is
 * not coherent and would write a part of a cache line of owned memory; -EIO if the
 * DMA API refuses; what the exporter of the dma-buf says, and DOC: errors.
 */
struct sg_table *vma_pin_map_dma(struct vma_pin *pin,
				 enum dma_data_direction dir)
{
	struct pin_maps *m = maps_of(pin);
	struct sg_table *sgt;
	int ret;

	vma_pin_assert_lock(pin);
	if (!vma_pin_allows(pin, dir, DMA_TO_DEVICE) ||
	    WARN_ON_ONCE(!m || !m->dev))
		return ERR_PTR(-EINVAL);
	ret = vma_pin_may_map(pin);
	if (ret)
		return ERR_PTR(ret);
	if (m->sgt)
		return ERR_PTR(-EBUSY);

	if (pin->pages)
		sgt = vma_pin_map_pages(pin, dir);
	else if (m->dmabuf)
		sgt = vma_pin_map_dmabuf(pin, dir);
	else
		sgt = vma_pin_map_extents(pin, dir);
	if (!IS_ERR(sgt))
		vma_pin_mapped(pin);
	return sgt;
}
EXPORT_SYMBOL_GPL(vma_pin_map_dma);

/**
 * vma_pin_dma_table() - what vma_pin_map_dma() has returned
 * @pin: the pin
 *
 * Context: The lock of the pin is held, or the caller is between vma_pin_enter()
 * and vma_pin_exit(). What is mapped of a dma-buf, which may move, is kept by
 * the lock alone.
 * Return: The DMA addresses, or NULL if the memory is not mapped for a device,
 * or no longer.
 */
struct sg_table *vma_pin_dma_table(struct vma_pin *pin)
{
	struct pin_maps *m = maps_of(pin);

	return m && !vma_pin_is_closed(pin) ? READ_ONCE(m->sgt) : NULL;
}
EXPORT_SYMBOL_GPL(vma_pin_dma_table);

/**
 * vma_pin_resv() - the dma_resv of the memory
 * @pin: the pin
 *
 * An importer that can be revoked waits for the fences there before it lets its
 * device at a dma-buf, and adds its own, as dynamic importers of dma-bufs do.
 *
 * Context: The lock of the pin is held, which is that dma_resv.
 * Return: The dma_resv, or NULL if the memory has no dma-buf.
 */
struct dma_resv *vma_pin_resv(struct vma_pin *pin)
{
	struct pin_maps *m = maps_of(pin);

	vma_pin_assert_lock(pin);
	return m && m->dmabuf ? m->dmabuf->resv : NULL;
}
EXPORT_SYMBOL_GPL(vma_pin_resv);

static void vma_pin_undo_dma(struct vma_pin *pin)
{
	struct pin_maps *m = maps_of(pin);

	if (!m->sgt)
		return;
	if (pin->pages)
		vma_pin_unmap_pages(m);
	else if (m->dmabuf)
		vma_pin_unmap_dmabuf(m);
	else
		vma_pin_unmap_extents(pin);
}

/**
 * vma_pin_unmap_dma() - undo vma_pin_map_dma()
 * @pin: the pin; without a mapping nothing happens
 *
 * The device no longer accesses the memory, and nobody is between
 * vma_pin_enter() and vma_pin_exit(). What it was handed over and was not taken
 * back is synced for the CPU, and what the CPU has written since it took the
 * memory back stays.
 *
 * Context: As vma_pin_map_dma().
 */
void vma_pin_unmap_dma(struct vma_pin *pin)
{
	vma_pin_assert_lock(pin);
	if (pin->maps)
		vma_pin_undo_dma(pin);
}
EXPORT_SYMBOL_GPL(vma_pin_unmap_dma);

static int vma_pin_vmap_dmabuf(struct vma_pin *pin)
{
	struct pin_maps *m = maps_of(pin);
	int ret;

	if (!m->dmabuf->ops->vmap)
		return -EOPNOTSUPP;
	ret = dma_buf_vmap(m->dmabuf, &m->map);
	/* So say exporters that have kernel mappings of some buffers only */
	return ret == -EINVAL ? -EOPNOTSUPP : ret;
}

static void vma_pin_vunmap_dmabuf(struct vma_pin *pin)
{
	struct pin_maps *m = maps_of(pin);

	dma_buf_vunmap(m->dmabuf, &m->map);
}

static int vma_pin_vmap_pages(struct vma_pin *pin)
{
	void *vaddr = vm_map_ram(pin->pages, pin->nr_pages, NUMA_NO_NODE);

	if (!vaddr)
		return -ENOMEM;
	iosys_map_set_vaddr(&maps_of(pin)->map, vaddr);
	return 0;
}

static void vma_pin_undo_vmap(struct vma_pin *pin)
{
	struct pin_maps *m = maps_of(pin);

	if (iosys_map_is_null(&m->map))
		return;
	WRITE_ONCE(m->vaddr, NULL);
	if (pin->pages)
		vm_unmap_ram(m->map.vaddr, pin->nr_pages);
	else if (m->dmabuf)
		vma_pin_vunmap_dmabuf(pin);
	else
		pin->ref.ops->vunmap(pin->ref.obj, &m->map);
	iosys_map_clear(&m->map);
}

static int vma_pin_vmap_any(struct vma_pin *pin)
{
	const struct vma_owner_obj_ops *ops = pin->ref.ops;
	struct pin_maps *m = maps_of(pin);
	int ret;

	if (pin->pages)
		ret = vma_pin_vmap_pages(pin);
	else if (m->dmabuf)
		ret = vma_pin_vmap_dmabuf(pin);
	else if (ops && ops->vmap)
		ret = ops->vmap(pin->ref.obj, &m->map);
	else
		ret = -EOPNOTSUPP;
	if (ret) {
		iosys_map_clear(&m->map);
		return ret;
	}
	if (m->map.is_iomem) {
		vma_pin_undo_vmap(pin);
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
 * One mapping at a time, until vma_pin_vunmap() or vma_unpin(), or until the
 * owner takes the memory back. An importer that can be revoked accesses it under
 * the lock, or between vma_pin_enter() and vma_pin_exit(). All bracket the
 * accesses with vma_pin_sync_for_cpu() and vma_pin_sync_for_device(), see
 * DOC: hand-over.
 *
 * Context: As vma_pin_map_dma().
 * Return: Kernel address of the first byte of the pinned range, or an ERR_PTR.
 * -EOPNOTSUPP if the owner has no kernel mapping or it is I/O memory, and
 * DOC: errors.
 */
void *vma_pin_vmap(struct vma_pin *pin, enum dma_data_direction dir)
{
	struct pin_maps *m = maps_get(pin);
	void *vaddr;
	int ret;

	vma_pin_assert_lock(pin);
	if (!m)
		return ERR_PTR(-ENOMEM);
	if (!vma_pin_allows(pin, dir, DMA_FROM_DEVICE))
		return ERR_PTR(-EINVAL);
	ret = vma_pin_may_map(pin);
	if (!ret && iosys_map_is_set(&m->map))
		ret = -EBUSY;
	if (!ret)
		ret = vma_pin_vmap_any(pin);
	if (ret)
		return ERR_PTR(ret);

	m->cpu_dir = dir;
	vaddr = m->map.vaddr;
	vaddr += pin->pages ? offset_in_page(pin->start) : pin->ref.offset;
	smp_store_release(&m->vaddr, vaddr);	/* so is the mapping */
	vma_pin_mapped(pin);
	return vaddr;
}
EXPORT_SYMBOL_GPL(vma_pin_vmap);

/**
 * vma_pin_vaddr() - what vma_pin_vmap() has returned
 * @pin: the pin
 *
 * Context: As vma_pin_dma_table().
 * Return: The kernel address, or NULL if the memory is not mapped for the kernel,
 * or no longer.
 */
void *vma_pin_vaddr(struct vma_pin *pin)
{
	struct pin_maps *m = maps_of(pin);

	return m && !vma_pin_is_closed(pin) ? READ_ONCE(m->vaddr) : NULL;
}
EXPORT_SYMBOL_GPL(vma_pin_vaddr);

/**
 * vma_pin_vunmap() - undo vma_pin_vmap()
 * @pin: the pin; without a mapping nothing happens
 *
 * Context: As vma_pin_map_dma(), and nobody is between vma_pin_enter() and
 * vma_pin_exit().
 */
void vma_pin_vunmap(struct vma_pin *pin)
{
	vma_pin_assert_lock(pin);
	if (pin->maps)
		vma_pin_undo_vmap(pin);
}
EXPORT_SYMBOL_GPL(vma_pin_vunmap);

/**
 * vma_pin_get_extents() - get the physical addresses of the memory
 * @pin: the pin
 *
 * For importers that program an IOMMU or a second-stage page table. Like any
 * mapping it is live until vma_pin_put_extents() or vma_unpin(), or until the
 * owner takes the memory back. The addresses mean nothing afterwards.
 *
 * Context: As vma_pin_map_dma().
 * Return: The extents, exactly as long as the pinned range, or an ERR_PTR.
 * -EOPNOTSUPP for ordinary memory and for memory that has a dma-buf, and
 * DOC: errors.
 */
const struct vma_owner_extents *vma_pin_get_extents(struct vma_pin *pin)
{
	struct pin_maps *m = maps_get(pin);
	int ret;

	vma_pin_assert_lock(pin);
	if (!m)
		return ERR_PTR(-ENOMEM);
	ret = vma_pin_may_map(pin);
	if (!ret && m->extents.vec)
		ret = -EBUSY;
	if (!ret)
		ret = vma_pin_fill_extents(pin, &m->extents);
	if (ret)
		return ERR_PTR(ret);
	vma_pin_mapped(pin);
	return &m->extents;
}
EXPORT_SYMBOL_FOR_MODULES(vma_pin_get_extents,
			  "vfio_iommu_type1,iommufd,acrn,mshv_root,vma_owner_kunit,vma_owner_torture");

static void vma_pin_undo_extents(struct vma_pin *pin)
{
	struct pin_maps *m = maps_of(pin);

	if (m->extents.vec)
		vma_pin_drop_extents(pin, &m->extents);
}

/**
 * vma_pin_put_extents() - undo vma_pin_get_extents()
 * @pin: the pin; without extents nothing happens
 *
 * Context: As vma_pin_map_dma(), and nobody is between vma_pin_enter() and
 * vma_pin_exit().
 */
void vma_pin_put_extents(struct vma_pin *pin)
{
	vma_pin_assert_lock(pin);
	if (pin->maps)
		vma_pin_undo_extents(pin);
}
EXPORT_SYMBOL_FOR_MODULES(vma_pin_put_extents,
			  "vfio_iommu_type1,iommufd,acrn,mshv_root,vma_owner_kunit,vma_owner_torture");

/* ------------------------------------------------------------------------- */
/* The same for importers that need no lock                                  */

/**
 * vma_pin_map_dma_unlocked() - attach a device and map the memory for it
 * @pin: the pin
 * @dev: device that will access the memory
 * @dir: as for vma_pin_map_dma()
 *
 * An importer without &vma_pin_client.invalidate needs no more. To one that has
 * it the table may be gone when this returns: it takes the lock and asks
 * vma_pin_dma_table().
 *
 * Context: Process context, may sleep. Takes the lock of the pin.
 * Return: As vma_pin_map_dma(), vma_pin_attach() and vma_pin_lock().
 */
struct sg_table *vma_pin_map_dma_unlocked(struct vma_pin *pin,
					  struct device *dev,
					  enum dma_data_direction dir)
{
	struct sg_table *sgt;
	int ret;

	if (!vma_pin_allows(pin, dir, DMA_TO_DEVICE))
		return ERR_PTR(-EINVAL);
	ret = vma_pin_attach(pin, dev);
	if (!ret)
		ret = vma_pin_lock(pin);
	if (ret)
		return ERR_PTR(ret);
	sgt = vma_pin_map_dma(pin, dir);
	vma_pin_unlock(pin);
	return sgt;
}
EXPORT_SYMBOL_GPL(vma_pin_map_dma_unlocked);

/**
 * vma_pin_unmap_dma_unlocked() - undo vma_pin_map_dma_unlocked()
 * @pin: the pin; without a mapping nothing happens
 *
 * Context: As vma_pin_map_dma_unlocked().
 */
void vma_pin_unmap_dma_unlocked(struct vma_pin *pin)
{
	vma_pin_may_lock_any();
	if (!pin->maps)
		return;
	vma_pin_lock_uninterruptible(pin);
	vma_pin_undo_dma(pin);
	vma_pin_unlock(pin);
}
EXPORT_SYMBOL_GPL(vma_pin_unmap_dma_unlocked);

/**
 * vma_pin_vmap_unlocked() - map the memory for the kernel
 * @pin: the pin
 * @dir: as for vma_pin_vmap()
 *
 * Context: As vma_pin_map_dma_unlocked().
 * Return: As vma_pin_vmap() and vma_pin_lock().
 */
void *vma_pin_vmap_unlocked(struct vma_pin *pin, enum dma_data_direction dir)
{
	void *vaddr;
	int ret;

	if (!vma_pin_allows(pin, dir, DMA_FROM_DEVICE))
		return ERR_PTR(-EINVAL);
	ret = vma_pin_lock(pin);
	if (ret)
		return ERR_PTR(ret);
	vaddr = vma_pin_vmap(pin, dir);
	vma_pin_unlock(pin);
	return vaddr;
}
EXPORT_SYMBOL_GPL(vma_pin_vmap_unlocked);

/**
 * vma_pin_vunmap_unlocked() - undo vma_pin_vmap_unlocked()
 * @pin: the pin; without a mapping nothing happens
 *
 * Context: As vma_pin_map_dma_unlocked().
 */
void vma_pin_vunmap_unlocked(struct vma_pin *pin)
{
	vma_pin_may_lock_any();
	if (!pin->maps)
		return;
	vma_pin_end_cpu_access(maps_of(pin));
	vma_pin_lock_uninterruptible(pin);
	vma_pin_undo_vmap(pin);
	vma_pin_unlock(pin);
}
EXPORT_SYMBOL_GPL(vma_pin_vunmap_unlocked);

static void vma_pin_sync_dma(struct vma_pin *pin, bool for_device)
{
	struct pin_maps *m = maps_of(pin);

	/* What is taken back is synced when it is undone, perhaps just now */
	if (vma_pin_may_map(pin))
		return;
	/* Of others a revoke may have undone the kernel mapping it is meant for */
	WARN_ON_ONCE(pin->client->no_sync && !pin->client->invalidate &&
		     m->sgt && !m->vaddr);
	if (pin->pages)
		vma_pin_sync_pages(pin, for_device);
	else if (!vma_pin_turn(m, for_device))
		return;
	else if (m->dmabuf || !m->whole)
		vma_pin_sync_table(m, m->sgt, for_device);
	else
		dma_pages_sync(m, m->whole, for_device);
}

/**
 * vma_pin_sync_for_cpu_locked() - the device is done
 * @pin: the pin, mapped for a device
 *
 * As vma_pin_sync_for_cpu(), for the mapping of the device alone.
 *
 * Context: As vma_pin_map_dma().
 */
void vma_pin_sync_for_cpu_locked(struct vma_pin *pin)
{
	vma_pin_assert_lock(pin);
	if (pin->maps)
		vma_pin_sync_dma(pin, false);
}
EXPORT_SYMBOL_GPL(vma_pin_sync_for_cpu_locked);

/**
 * vma_pin_sync_for_device_locked() - the device is about to access the memory
 * @pin: the pin, mapped for a device
 *
 * As vma_pin_sync_for_device(), for the mapping of the device alone. What
 * &vma_pin_client.restore has mapped it hands over by this.
 *
 * Context: As vma_pin_map_dma().
 */
void vma_pin_sync_for_device_locked(struct vma_pin *pin)
{
	vma_pin_assert_lock(pin);
	if (pin->maps)
		vma_pin_sync_dma(pin, true);
}
EXPORT_SYMBOL_GPL(vma_pin_sync_for_device_locked);

static int vma_pin_sync(struct vma_pin *pin, bool for_device)
{
	struct pin_maps *m = maps_of(pin);
	int ret = 0;

	vma_pin_may_lock_any();
	if (!m)
		return 0;
	if (for_device)
		ret = vma_pin_end_cpu_access(m);
	else if (m->dmabuf && m->vaddr)
		ret = vma_pin_begin_cpu_access(m);

	/* Of a static importer nothing is undone behind its back */
	if (pin->client->invalidate)
		vma_pin_lock_uninterruptible(pin);
	vma_pin_sync_dma(pin, for_device);
	if (pin->client->invalidate)
		vma_pin_unlock(pin);
	return ret;
}

/**
 * vma_pin_sync_for_cpu() - the CPU is about to access the memory
 * @pin: the pin, mapped for a device or for the kernel
 *
 * A device that captured into the memory is done and user space may read it, or
 * the importer itself accesses it through vma_pin_vmap(). User space that
 * imports through a dma-buf calls an ioctl for this; by address nobody does, so
 * importers call it when a buffer is finished. See DOC: hand-over.
 *
 * If the owner has taken the memory back before this, nothing is synced.
 *
 * Context: Process context, may sleep. Takes the lock of the pin, but waits for
 * no fence.
 * Return: 0, also if the CPU has the memory already, or an errno of the exporter
 * of a dma-buf that is mapped for the kernel: what was written before may not be
 * seen. Another call tries again.
 */
int vma_pin_sync_for_cpu(struct vma_pin *pin)
{
	return vma_pin_sync(pin, false);
}
EXPORT_SYMBOL_GPL(vma_pin_sync_for_cpu);

/**
 * vma_pin_sync_for_device() - the device is about to access the memory
 * @pin: the pin, mapped for a device or for the kernel
 *
 * The counterpart of vma_pin_sync_for_cpu(), for when a buffer is prepared.
 *
 * Context: As vma_pin_sync_for_cpu().
 * Return: 0, also if the device has the memory already, or an errno of the
 * exporter of a dma-buf that is mapped for the kernel: what was written may not
 * be seen by others.
 */
int vma_pin_sync_for_device(struct vma_pin *pin)
{
	return vma_pin_sync(pin, true);
}
EXPORT_SYMBOL_GPL(vma_pin_sync_for_device);

/* ------------------------------------------------------------------------- */
/* For mm/vma_owner.c                                                        */

static void vma_pin_undo(struct vma_pin *pin)
{
	vma_pin_undo_dma(pin);
	vma_pin_undo_vmap(pin);
	vma_pin_undo_extents(pin);
}

/* What vma_unpin() does first, with the revoke lock held if there is one */
static void vma_pin_release(struct vma_pin *pin)
{
	struct pin_maps *m = maps_of(pin);

	if (m->dmabuf) {
		vma_pin_end_cpu_access(m);
		vma_pin_lock_resv(pin, false);
	}
	vma_pin_undo(pin);
	if (m->dmabuf) {
		vma_pin_unlock_resv(pin);
		if (m->attach)
			dma_buf_detach(m->dmabuf, m->attach);
		dma_buf_put(m->dmabuf);
	}
	pin->maps = NULL;
	kfree(m);
}
