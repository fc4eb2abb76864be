/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory with an owner, in the mappings of vfio_iommu_type1: a part of that
 * file, which is to stay one module of one object.
 *
 * Most of a mapping is ordinary memory, pinned page by page, in runs. Between
 * them may be segments: each is a pin of memory that somebody owns, and may
 * take back and return meanwhile, as VFIO does with BARs. A segment is in the
 * page tables of all domains or, while its owner has the memory, of none.
 *
 * If it cannot be mapped when the memory is returned, it stays in none. User
 * space is not told, there is no call of its own to fail: DMA to it faults as
 * it did before, the core has logged that it cannot be mapped again, and
 * unmapping works and tells the full size. Whenever the owner returns the
 * memory it is tried again, and to unmap and map does so at once and has an
 * errno.
 *
 * Locks: @lock of the container is held over all calls that make or end pins.
 * The callbacks run with the lock of the pin and must not take it, so
 * @owned_lock is a leaf lock inside of both. Under it segments are mapped and
 * unmapped, and domains come and go.
 */

#ifdef CONFIG_VMA_OWNER

/* A pin in a mapping */
struct vfio_owned {
	struct list_head	next;		/* in the order of @pos */
	struct vfio_iommu	*iommu;
	struct vma_pin		pin;
	dma_addr_t		iova;
	size_t			pos;		/* in its mapping */
	int			prot;		/* IOMMU_READ/WRITE */
	bool			wanted;		/* by restore; owned_lock */
	/* What is in the domains, if anything; owned_lock */
	const struct vma_owner_extents *mapped;
};

/* ---- in the page tables; all under owned_lock ---- */

static void vfio_owned_unmap_one(struct iommu_domain *domain,
				 const struct vfio_owned *seg)
{
	/* It flushes the IOTLB before it returns */
	iommu_unmap(domain, seg->iova, seg->pin.len);
	cond_resched();
}

/* As MMIO if the IOMMU knows it: virtio-iommu need not, and took it without */
static int vfio_owned_map_range(struct iommu_domain *domain, dma_addr_t iova,
				phys_addr_t paddr, size_t len, int prot,
				bool mmio, gfp_t gfp)
{
	int ret = -EINVAL;

	if (mmio)
		ret = iommu_map(domain, iova, paddr, len, prot | IOMMU_MMIO,
				gfp);
	if (ret == -EINVAL)
		ret = iommu_map(domain, iova, paddr, len, prot | IOMMU_CACHE,
				gfp);
	cond_resched();
	return ret;
}

/* At @iova, which is moved behind what is mapped */
static int vfio_owned_map_vec(struct iommu_domain *domain, dma_addr_t *iova,
			      const struct phys_vec *vec, int prot, bool mmio,
			      gfp_t gfp)
{
	size_t step = disable_hugepages ? PAGE_SIZE : vec->len;
	size_t pos, len;
	int ret;

	for (pos = 0; pos < vec->len; pos += len) {
		len = min_t(size_t, step, vec->len - pos);
		ret = vfio_owned_map_range(domain, *iova, vec->paddr + pos, len,
					   prot, mmio, gfp);
		if (ret)
			return ret;
		*iova += len;
	}
	return 0;
}

static int vfio_owned_map_one(struct iommu_domain *domain,
			      const struct vfio_owned *seg,
			      const struct vma_owner_extents *x, gfp_t gfp)
{
	bool mmio = x->type == VMA_OWNER_MMIO;
	dma_addr_t iova = seg->iova;
	unsigned int i;
	int ret;

	for (i = 0; i < x->nr; i++) {
		ret = vfio_owned_map_vec(domain, &iova, &x->vec[i], seg->prot,
					 mmio, gfp);
		if (ret) {
			if (iova != seg->iova)
				iommu_unmap(domain, seg->iova,
					    iova - seg->iova);
			return ret;
		}
	}
	return 0;
}

static void vfio_owned_unmap(struct vfio_owned *seg)
{
	struct vfio_iommu *iommu = seg->iommu;
	struct vfio_domain *d;

	lockdep_assert_held(&iommu->owned_lock);
	if (!seg->mapped)
		return;
	seg->mapped = NULL;
	list_for_each_entry(d, &iommu->domain_list, next)
		vfio_owned_unmap_one(d->domain, seg);
	if (iommu->attaching)
		vfio_owned_unmap_one(iommu->attaching->domain, seg);
}

static int vfio_owned_map(struct vfio_owned *seg,
			  const struct vma_owner_extents *x, gfp_t gfp)
{
	struct vfio_iommu *iommu = seg->iommu;
	struct vfio_domain *d;
	int ret;

	lockdep_assert_held(&iommu->owned_lock);
	list_for_each_entry(d, &iommu->domain_list, next) {
		ret = vfio_owned_map_one(d->domain, seg, x, gfp);
		if (ret)
			goto unwind;
	}
	if (iommu->attaching) {
		/* Here @d stands for the end of the list */
		ret = vfio_owned_map_one(iommu->attaching->domain, seg, x,
					 gfp);
		if (ret)
			goto unwind;
	}
	seg->mapped = x;
	return 0;

unwind:
	list_for_each_entry_continue_reverse(d, &iommu->domain_list, next)
		vfio_owned_unmap_one(d->domain, seg);
	return ret;
}

/* ---- what the owner does, with the lock of the pin held ---- */

static void vfio_owned_invalidate(struct vma_pin *pin, enum vma_owner_loss why)
{
	struct vfio_owned *seg = container_of(pin, struct vfio_owned, pin);

	guard(mutex)(&seg->iommu->owned_lock);
	vfio_owned_unmap(seg);
}

static int vfio_owned_restore(struct vma_pin *pin)
{
	struct vfio_owned *seg = container_of(pin, struct vfio_owned, pin);
	const struct vma_owner_extents *x;
	int ret;

	guard(mutex)(&seg->iommu->owned_lock);
	if (!seg->wanted)
		return 0;
	x = vma_pin_get_extents(pin);
	if (IS_ERR(x))
		return PTR_ERR(x);
	/* Not charged: it is somebody else who gives the memory back */
	ret = vfio_owned_map(seg, x, GFP_KERNEL);
	if (ret)
		vma_pin_put_extents(pin);
	return ret;
}

static const struct vma_pin_client vfio_owned_client = {
	.name		= "vfio-type1",
	.peer2peer	= true,
	.extents_only	= true,
	.invalidate	= vfio_owned_invalidate,
	.restore	= vfio_owned_restore,
};

/* ---- the life of a segment, with the container's lock held ---- */

static int vfio_owned_start(struct vfio_owned *seg)
{
	const struct vma_owner_extents *x;
	int ret;

	ret = vma_pin_lock(&seg->pin);
	if (ret)
		return ret;
	x = vma_pin_get_extents(&seg->pin);
	if (IS_ERR(x)) {
		ret = PTR_ERR(x);
	} else {
		guard(mutex)(&seg->iommu->owned_lock);
		ret = vfio_owned_map(seg, x, GFP_KERNEL_ACCOUNT);
		seg->wanted = !ret;
	}
	vma_pin_unlock(&seg->pin);
	return ret;
}

static void vfio_owned_stop(struct vfio_owned *seg)
{
	scoped_guard(mutex, &seg->iommu->owned_lock) {
		seg->wanted = false;
		vfio_owned_unmap(seg);
	}
	vma_unpin(&seg->pin);
}

static void vfio_owned_end_all(struct vfio_dma *dma)
{
	struct vfio_owned *seg, *tmp;

	list_for_each_entry_safe(seg, tmp, &dma->owned, next) {
		list_del(&seg->next);
		vfio_owned_stop(seg);
		kfree(seg);
	}
}

/*
 * Nobody owns the memory at @addr. How far is it one VMA's? In that one the old
 * path may find pfns, a page at a time or a huge page.
 */
static size_t vfio_unowned_length(unsigned long addr, size_t len)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;

	mmap_read_lock(mm);
	vma = vma_lookup(mm, addr);
	len = vma ? min_t(size_t, len, vma->vm_end - addr) : PAGE_SIZE;
	mmap_read_unlock(mm);
	return len;
}

/* Returns what vma_pin_user_prefix() does. What is owned is mapped then. */
static ssize_t vfio_owned_try(struct vfio_owned *seg, unsigned long addr,
			      size_t len)
{
	unsigned int flags = seg->prot & IOMMU_WRITE ? VMA_PIN_WRITE : 0;
	ssize_t got;
	int ret;

	got = vma_pin_user_prefix(&seg->pin, current->mm, addr, len, flags,
				  &vfio_owned_client);
	if (got <= 0 || !vma_pin_is_owned(&seg->pin))
		return got;
	/* Page tables end with a page; another object may not */
	ret = PAGE_ALIGNED(got) ? vfio_owned_start(seg) : -EINVAL;
	if (!ret)
		return got;
	vfio_owned_stop(seg);
	return ret;
}

/*
 * An owner that has its memory for a moment only, for a reset, makes whoever
 * asks for it wait. If one begins right after that, ask again.
 */
#define VFIO_OWNED_TRIES	3

/*
 * vfio_owned_pin - pin and map what is at @pos, if somebody owns it
 * @known: end of what is known to be ordinary memory; begins as 0
 * @len: how much is left, and on return how much it is about
 *
 * Returns 1 if it was owned, 0 if @len bytes are to be pinned page by page, or
 * an errno.
 */
static int vfio_owned_pin(struct vfio_iommu *iommu, struct vfio_dma *dma,
			  size_t pos, size_t *known, size_t *len)
{
	unsigned long addr = untagged_addr(dma->vaddr + pos);
	int tries = VFIO_OWNED_TRIES;
	struct vfio_owned *seg;
	ssize_t got;

	if (pos < *known) {
		*len = min(*len, *known - pos);
		return 0;
	}
	if (!current->mm)
		return -ENODEV;

	seg = kzalloc_obj(*seg, GFP_KERNEL_ACCOUNT);
	if (!seg)
		return -ENOMEM;
	seg->iommu = iommu;
	seg->pos = pos;
	seg->iova = dma->iova + pos;
	seg->prot = dma->prot;
	do {
		got = vfio_owned_try(seg, addr, *len);
	} while (got == -ENODEV && --tries);
	if (got > 0 && vma_pin_is_owned(&seg->pin)) {
		*len = got;
		list_add_tail(&seg->next, &dma->owned);
		return 1;
	}
	kfree(seg);
	if (got == -EFAULT)
		got = vfio_unowned_length(addr, *len);
	if (got < 0)
		return got;
	*len = got;
	*known = pos + got;
	return 0;
}

/* From the end of a run, over the segments there, to the next one */
static void vfio_owned_skip(const struct vfio_dma *dma, struct vfio_run *run,
			    size_t *pos)
{
	struct vfio_owned *seg = run->owned;

	if (*pos < run->end)
		return;
	if (!seg)
		seg = list_first_entry(&dma->owned, struct vfio_owned, next);
	list_for_each_entry_from(seg, &dma->owned, next) {
		if (seg->pos > *pos)
			break;
		*pos = seg->pos + seg->pin.len;
	}
	run->owned = seg;
	run->end = list_entry_is_head(seg, &dma->owned, next) ? dma->size :
								seg->pos;
}

/* ---- domains come and go ---- */

static void vfio_owned_init(struct vfio_iommu *iommu)
{
	mutex_init(&iommu->owned_lock);
}

static void vfio_owned_init_dma(struct vfio_dma *dma)
{
	INIT_LIST_HEAD(&dma->owned);
}

/* Calls @each for all segments that are mapped, until one fails */
static int vfio_owned_for_each(struct vfio_iommu *iommu,
			       struct vfio_domain *domain,
			       int (*each)(struct vfio_domain *domain,
					   struct vfio_owned *seg))
{
	struct vfio_owned *seg;
	struct rb_node *n;
	int ret;

	for (n = rb_first(&iommu->dma_list); n; n = rb_next(n)) {
		struct vfio_dma *dma = rb_entry(n, struct vfio_dma, node);

		list_for_each_entry(seg, &dma->owned, next) {
			ret = seg->mapped ? each(domain, seg) : 0;
			if (ret)
				return ret;
		}
	}
	return 0;
}

static int vfio_owned_join(struct vfio_domain *domain, struct vfio_owned *seg)
{
	return vfio_owned_map_one(domain->domain, seg, seg->mapped,
				  GFP_KERNEL_ACCOUNT);
}

/*
 * From here on the callbacks know @domain, which is not on the list yet. If it
 * fails @domain is freed, with what it has, and they know it until then.
 */
static int vfio_owned_attach(struct vfio_iommu *iommu,
			     struct vfio_domain *domain)
{
	guard(mutex)(&iommu->owned_lock);
	iommu->attaching = domain;
	return vfio_owned_for_each(iommu, domain, vfio_owned_join);
}

/* It came to nothing: no device has @domain any more, and it is freed */
static void vfio_owned_attach_failed(struct vfio_iommu *iommu)
{
	guard(mutex)(&iommu->owned_lock);
	iommu->attaching = NULL;
}

static void vfio_owned_attached(struct vfio_iommu *iommu,
				struct vfio_domain *domain)
{
	guard(mutex)(&iommu->owned_lock);
	iommu->attaching = NULL;
	list_add(&domain->next, &iommu->domain_list);
}

static void vfio_owned_detached(struct vfio_iommu *iommu,
				struct vfio_domain *domain)
{
	guard(mutex)(&iommu->owned_lock);
	list_del(&domain->next);
}

#else /* !CONFIG_VMA_OWNER */

static inline void vfio_owned_init(struct vfio_iommu *iommu) { }
static inline void vfio_owned_init_dma(struct vfio_dma *dma) { }
static inline void vfio_owned_end_all(struct vfio_dma *dma) { }

static inline int vfio_owned_pin(struct vfio_iommu *iommu,
				 struct vfio_dma *dma, size_t pos,
				 size_t *known, size_t *len)
{
	return 0;
}

static inline void vfio_owned_skip(const struct vfio_dma *dma,
				   struct vfio_run *run, size_t *pos)
{
	run->end = dma->size;
}

static inline int vfio_owned_attach(struct vfio_iommu *iommu,
				    struct vfio_domain *domain)
{
	return 0;
}

static inline void vfio_owned_attach_failed(struct vfio_iommu *iommu) { }

static inline void vfio_owned_attached(struct vfio_iommu *iommu,
				       struct vfio_domain *domain)
{
	list_add(&domain->next, &iommu->domain_list);
}

static inline void vfio_owned_detached(struct vfio_iommu *iommu,
				       struct vfio_domain *domain)
{
	list_del(&domain->next);
}

#endif /* CONFIG_VMA_OWNER */
