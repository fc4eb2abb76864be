// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that has an owner, mapped by its address through the VFIO container
 * that iommufd emulates.
 *
 * Most of what user space maps is ordinary memory, which struct iopt_pages pins
 * page by page. Owned memory is a struct iopt_pages as well, of the kind that
 * dma-bufs have: it is not pinned page by page, the domains that have it are
 * tracked, and it may be revoked. In the place of the dma-buf stands a pin,
 * whose extents say where the memory is. Unlike a dma-buf it comes back: while
 * its owner has it the areas stay, empty, and are filled when it is returned.
 *
 * The order of the locks is
 *
 *	io_pagetable::domains_rwsem, iova_rwsem
 *	  mmap_lock, dropped before a pin is made
 *	    locks of the owner, such as vfio-pci's memory_lock
 *	      the lock of the pin
 *	        iopt_pages::mutex of owned memory
 *
 * Pins are made without the first two, and may end inside of domains_rwsem. The
 * last is inside of the lock of the pin since the callbacks take it. It is a
 * lock class of its own: the mutex of ordinary memory is outside of mmap_lock.
 */
#include <linux/iommu.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vma_owner.h>

#include "io_pagetable.h"

/* The pin of an iopt_pages. dmabuf.phys.len of that is 0 without @extents */
struct iopt_owner {
	struct vma_pin pin;
	/* None in the callbacks before the pages are ready; lock of the pin */
	struct iopt_pages *pages;
	/* What is in the domains; pages->mutex */
	const struct vma_owner_extents *extents;
};

/* ---- what the owner does, with the lock of the pin held ---- */

static void iopt_owner_set(struct iopt_owner *owner,
			   const struct vma_owner_extents *extents)
{
	lockdep_assert_held(&owner->pages->mutex);
	owner->extents = extents;
	owner->pages->dmabuf.phys.len = extents ? owner->pin.len : 0;
}

static void iopt_owner_invalidate(struct vma_pin *pin, enum vma_owner_loss why)
{
	struct iopt_owner *owner = container_of(pin, struct iopt_owner, pin);
	struct iopt_pages *pages = owner->pages;
	struct iopt_pages_dmabuf_track *track;

	if (!pages)
		return;
	guard(mutex)(&pages->mutex);
	if (iopt_dmabuf_revoked(pages))
		return;
	list_for_each_entry(track, &pages->dmabuf.tracker, elm) {
		iopt_area_unmap_domain(track->area, track->domain);
		cond_resched();
	}
	iopt_owner_set(owner, NULL);
}

/*
 * The domains have pages, so what they get begins and ends with them. The last
 * page of a mapping may reach beyond its object.
 */
static bool iopt_owner_has_pages(const struct vma_owner_extents *x)
{
	unsigned int i;

	for (i = 0; i < x->nr; i++) {
		if (!PAGE_ALIGNED(x->vec[i].paddr) ||
		    !PAGE_ALIGNED(x->vec[i].len))
			return false;
	}
	return true;
}

static int iopt_owner_fill(struct iopt_owner *owner,
			   const struct vma_owner_extents *extents)
{
	struct iopt_pages *pages = owner->pages;
	struct iopt_pages_dmabuf_track *track;
	int rc;

	guard(mutex)(&pages->mutex);
	iopt_owner_set(owner, extents);
	list_for_each_entry(track, &pages->dmabuf.tracker, elm) {
		rc = iopt_area_fill_domain(track->area, pages, track->domain);
		if (rc)
			goto unwind;
		cond_resched();
	}
	return 0;

unwind:
	list_for_each_entry_continue_reverse(track, &pages->dmabuf.tracker, elm)
		iopt_area_unmap_domain(track->area, track->domain);
	iopt_owner_set(owner, NULL);
	return rc;
}

static int iopt_owner_restore(struct vma_pin *pin)
{
	struct iopt_owner *owner = container_of(pin, struct iopt_owner, pin);
	const struct vma_owner_extents *extents;
	int rc;

	if (!owner->pages)
		return 0;
	extents = vma_pin_get_extents(pin);
	if (IS_ERR(extents))
		return PTR_ERR(extents);
	rc = iopt_owner_has_pages(extents) ? iopt_owner_fill(owner, extents) :
					     -EINVAL;
	if (rc)
		vma_pin_put_extents(pin);
	return rc;
}

static const struct vma_pin_client iopt_owner_client = {
	.name		= "iommufd",
	.extents_only	= true,
	.invalidate	= iopt_owner_invalidate,
	.restore	= iopt_owner_restore,
};

/* ---- its pages ---- */

static void iopt_owner_free(struct iopt_owner *owner)
{
	vma_unpin(&owner->pin);
	kfree(owner);
}

/* At the end of the last reference to @pages */
void iopt_owner_release(struct iopt_pages *pages)
{
	if (!iopt_is_owned(pages))
		return;
	WARN_ON(!list_empty(&pages->dmabuf.tracker));
	iopt_owner_free(pages->dmabuf.owner);
}

/* Nothing is filled yet, so it is but told where the memory is */
static int iopt_owner_start(struct iopt_owner *owner, struct iopt_pages *pages)
{
	int rc;

	rc = vma_pin_lock(&owner->pin);
	if (rc)
		return rc;
	owner->pages = pages;
	rc = iopt_owner_restore(&owner->pin);
	vma_pin_unlock(&owner->pin);
	return rc;
}

/* Takes over @owner, also when it fails */
static struct iopt_pages *iopt_alloc_owner_pages(struct iopt_owner *owner,
						 bool writable)
{
	static struct lock_class_key pages_owner_mutex_key;
	struct iopt_pages *pages;
	int rc;

	pages = iopt_alloc_pages(0, owner->pin.len, writable);
	if (IS_ERR(pages)) {
		iopt_owner_free(owner);
		return pages;
	}
	lockdep_set_class(&pages->mutex, &pages_owner_mutex_key);
	/* Whoever owns the memory accounts it */
	pages->account_mode = IOPT_PAGES_ACCOUNT_NONE;
	pages->type = IOPT_ADDRESS_DMABUF;
	pages->dmabuf.owner = owner;
	INIT_LIST_HEAD(&pages->dmabuf.tracker);

	rc = iopt_owner_start(owner, pages);
	if (rc) {
		iopt_put_pages(pages);
		return ERR_PTR(rc);
	}
	return pages;
}

/* ---- what pages.c reads ---- */

bool iopt_owner_is_mmio(const struct iopt_pages *pages)
{
	return pages->dmabuf.owner->extents->type == VMA_OWNER_MMIO;
}

void iopt_owner_first(const struct iopt_pages *pages,
		      struct iopt_owner_extent *at)
{
	at->vec = pages->dmabuf.owner->extents->vec;
	at->index = 0;
}

/*
 * The pfn at @index of the pages, and in @nr how many follow, of as many as it
 * says. @index does not become smaller from one call to the next.
 */
unsigned long iopt_owner_pfn(struct iopt_owner_extent *at, unsigned long index,
			     unsigned long *nr)
{
	while (index - at->index >= PHYS_PFN(at->vec->len)) {
		at->index += PHYS_PFN(at->vec->len);
		at->vec++;
	}
	index -= at->index;
	*nr = min(*nr, (unsigned long)PHYS_PFN(at->vec->len) - index);
	return PHYS_PFN(at->vec->paddr) + index;
}

/* ---- a mapping, which may have owned and ordinary memory ---- */

/*
 * The pages of what is at @uptr, of as much of @length as is of one kind, which
 * it is set to
 */
static struct iopt_pages *iopt_alloc_compat_pages(void __user *uptr,
						  unsigned long *length,
						  bool writable)
{
	unsigned long start = untagged_addr((unsigned long)uptr);
	unsigned long offset = offset_in_page(start);
	struct iopt_owner *owner;
	ssize_t got;

	owner = kzalloc_obj(*owner, GFP_KERNEL_ACCOUNT);
	if (!owner)
		return ERR_PTR(-ENOMEM);
	got = vma_pin_user_prefix(&owner->pin, current->mm, start - offset,
				  PAGE_ALIGN(offset + *length),
				  writable ? VMA_PIN_WRITE : 0,
				  &iopt_owner_client);
	if (got > 0 && vma_pin_is_owned(&owner->pin)) {
		*length = min(*length, (unsigned long)got - offset);
		return iopt_alloc_owner_pages(owner, writable);
	}
	kfree(owner);
	if (got < 0 && got != -EFAULT)
		return ERR_PTR(got);
	/* -EFAULT is for GUP to say, which may be later */
	if (got > 0)
		*length = min(*length, (unsigned long)got - offset);
	return iopt_alloc_user_pages(uptr, *length, writable);
}

/* Takes over the reference to @pages, also when it fails */
static int iopt_add_pages(struct iommufd_ctx *ictx,
			  struct list_head *pages_list,
			  struct iopt_pages *pages, unsigned long start_byte,
			  unsigned long length)
{
	struct iopt_pages_list *elm;

	elm = kzalloc_obj(*elm, GFP_KERNEL_ACCOUNT);
	if (!elm) {
		iopt_put_pages(pages);
		return -ENOMEM;
	}
	if (ictx->account_mode == IOPT_PAGES_ACCOUNT_MM &&
	    pages->account_mode == IOPT_PAGES_ACCOUNT_USER)
		pages->account_mode = IOPT_PAGES_ACCOUNT_MM;
	elm->pages = pages;
	elm->start_byte = start_byte;
	elm->length = length;
	list_add_tail(&elm->next, pages_list);
	return 0;
}

/*
 * An owner that has its memory for a moment only, for a reset, makes whoever
 * asks for it wait. If one begins right after that, ask again.
 */
#define IOPT_OWNER_TRIES	3

static struct iopt_pages *iopt_await_compat_pages(void __user *uptr,
						  unsigned long *length,
						  bool writable)
{
	unsigned int tries = IOPT_OWNER_TRIES;
	unsigned long all = *length;
	struct iopt_pages *pages;

	do {
		*length = all;
		pages = iopt_alloc_compat_pages(uptr, length, writable);
	} while (pages == ERR_PTR(-ENODEV) && --tries);
	return pages;
}

static int iopt_list_compat_pages(struct iommufd_ctx *ictx,
				  struct list_head *pages_list,
				  void __user *uptr, unsigned long length,
				  bool writable)
{
	struct iopt_pages *pages;
	unsigned long n;
	int rc;

	for (; length; length -= n, uptr += n) {
		n = length;
		pages = iopt_await_compat_pages(uptr, &n, writable);
		if (IS_ERR(pages))
			return PTR_ERR(pages);
		rc = iopt_add_pages(ictx, pages_list, pages,
				    offset_in_page(uptr), n);
		if (rc)
			return rc;
		cond_resched();
	}
	return 0;
}

/**
 * iopt_map_compat_pages() - Map a user VA, also where it has an owner
 * @ictx: iommufd_ctx the iopt is part of
 * @iopt: io_pagetable to act on
 * @iova: The iova to map to
 * @uptr: User VA to map
 * @length: Number of bytes to map
 * @iommu_prot: Combination of IOMMU_READ/WRITE/etc bits for the mapping
 *
 * As iopt_map_user_pages(), for the VFIO container. There is an area for each
 * object and for the ordinary memory between two of them, all of them or none.
 *
 * Return: 0 or an errno; -ENODEV where the owner has the memory
 */
int iopt_map_compat_pages(struct iommufd_ctx *ictx, struct io_pagetable *iopt,
			  unsigned long *iova, void __user *uptr,
			  unsigned long length, int iommu_prot)
{
	LIST_HEAD(pages_list);
	unsigned long end;
	int rc;

	/* It says what is wrong with these */
	if (!length || check_add_overflow((unsigned long)uptr, length, &end) ||
	    PAGE_ALIGN(end) < end)
		return iopt_map_user_pages(ictx, iopt, iova, uptr, length,
					   iommu_prot, 0);

	rc = iopt_list_compat_pages(ictx, &pages_list, uptr, length,
				    iommu_prot & IOMMU_WRITE);
	if (!rc)
		rc = iopt_map_pages(iopt, &pages_list, length, iova, iommu_prot,
				    0);
	iopt_free_pages_list(&pages_list);
	return rc;
}
