// SPDX-License-Identifier: GPL-2.0
/*
 * The BARs that user space maps through sysfs and procfs, as memory that has an
 * owner.
 */
#include <linux/fs.h>
#include <linux/ioport.h>
#include <linux/kref.h>
#include <linux/mm.h>
#include <linux/mm_inline.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pagemap.h>
#include <linux/pci-bar-owner.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/vma_owner.h>
#include <linux/xarray.h>

#include "pci.h"

/**
 * DOC: BARs in sysfs and procfs
 *
 * A mapping of a BAR outlives the device: the file may stay open, and the VMA
 * knows no more than an address, which the next device may get. So each BAR that
 * is mapped has a &struct pci_bar_owner, and the VMA has its number in
 * &vm_area_struct.vm_private_data. Numbers are not used again. A VMA is nobody's
 * as soon as its number is not in the table, whatever its address shows.
 *
 * The BAR is taken back for good when the device is removed, before its addresses
 * are given away; when they are given away while it stays, to resize or to move
 * the BAR; and when a driver claims it so that user space must not have it, see
 * iomem_is_exclusive(). Who maps it afterwards makes another owner. Reset, power
 * states and memory decode are not seen here: the address stays the device's.
 *
 * Such a mapping is filled by faults. Only so is there none that comes late: what
 * mmap fills cannot be found before mmap is over. It shows what it showed when
 * mmap filled it, with the same protection and memory type. Private mappings, on
 * which a fault cannot insert a pfn, BARs that share a page with others and those
 * that nobody has claimed are filled by mmap still, and nobody owns them.
 *
 * The order of the locks is mmap_lock, kernfs' active reference, the revoke lock.
 * Under pci_bar_owners_lock nothing is taken but what allocates memory.
 */
struct pci_bar_owner {
	struct kref		kref;	/* the table's, one of each pin and fault */
	struct rcu_head		rcu;
	unsigned long		id;
	/* Only compared: while it is in the table, the device is there */
	const struct pci_dev	*pdev;
	int			resno;
	u64			start;
	u64			size;
	struct vma_owner_revoke	*revoke;
};

/* By id. Who is in here is not revoked */
static DEFINE_XARRAY(pci_bar_owners);
static DEFINE_MUTEX(pci_bar_owners_lock);
static unsigned long pci_bar_owner_last_id;

static void pci_bar_owner_free(struct kref *kref)
{
	struct pci_bar_owner *owner = container_of(kref, struct pci_bar_owner,
						   kref);

	vma_owner_revoke_put(owner->revoke);
	kfree_rcu(owner, rcu);
}

static void pci_bar_owner_put(void *obj)
{
	struct pci_bar_owner *owner = obj;

	kref_put(&owner->kref, pci_bar_owner_free);
}

static struct pci_bar_owner *pci_bar_owner_get(const void *private_data)
{
	struct pci_bar_owner *owner;

	rcu_read_lock();
	owner = xa_load(&pci_bar_owners, (unsigned long)private_data);
	if (owner && !kref_get_unless_zero(&owner->kref))
		owner = NULL;
	rcu_read_unlock();
	return owner;
}

/* ---- what importers get ---- */

static struct vma_owner_revoke *pci_bar_owner_revocable(void *obj)
{
	struct pci_bar_owner *owner = obj;

	return owner->revoke;
}

/* What mmap asks before it calls us; a driver that comes later takes it back */
static bool pci_bar_is_claimed(u64 addr, u64 len)
{
	return resource_is_exclusive(&iomem_resource, addr, len);
}

static int pci_bar_owner_get_extents(void *obj, u64 offset, u64 len,
				     struct vma_owner_extents *x)
{
	struct pci_bar_owner *owner = obj;

	/* mmap saw no driver, but one may have come before there was an owner */
	if (pci_bar_is_claimed(owner->start + offset, len))
		return -ENODEV;
	x->vec = kzalloc_obj(*x->vec);
	if (!x->vec)
		return -ENOMEM;
	x->vec->paddr = owner->start + offset;
	x->vec->len = len;
	x->nr = 1;
	x->type = VMA_OWNER_MMIO;
	x->prot = pgprot_noncached(PAGE_KERNEL);
	return 0;
}

static void pci_bar_owner_put_extents(void *obj, struct vma_owner_extents *x)
{
	kfree(x->vec);
}

static const struct vma_owner_obj_ops pci_bar_owner_obj_ops = {
	.name		= "pci",
	.module		= THIS_MODULE,
	.put		= pci_bar_owner_put,
	.get_extents	= pci_bar_owner_get_extents,
	.put_extents	= pci_bar_owner_put_extents,
	.revocable	= pci_bar_owner_revocable,
};

static int pci_bar_owner_tryget(const struct vma_owner_query *q,
				struct vma_owner_ref *ref)
{
	struct pci_bar_owner *owner;

	if (!q->private_data)
		return -ENOENT;
	owner = pci_bar_owner_get(q->private_data);
	if (!owner)
		return -ENODEV;
	*ref = (struct vma_owner_ref) {
		.ops	= &pci_bar_owner_obj_ops,
		.obj	= owner,
		.offset	= ((u64)q->pgoff << PAGE_SHIFT) - owner->start,
		.size	= owner->size,
	};
	return 0;
}

static const struct vma_owner_ops pci_bar_owner_ops = {
	.tryget = pci_bar_owner_tryget,
};

/* ---- mappings ---- */

/* Where a fault has to insert one page, it inserts as many as this, around it */
#define PCI_BAR_FAULT_SIZE	(512 * PAGE_SIZE)

static unsigned long pci_bar_pfn(const struct vm_area_struct *vma,
				 unsigned long addr)
{
	return io_remap_pfn_range_pfn(linear_page_index(vma, addr), PAGE_SIZE);
}

/*
 * kernfs' page_mkwrite() takes the permission to write out of vm_page_prot, and
 * what it had been decrypted by may be lost with it
 */
static pgprot_t pci_bar_prot(const struct vm_area_struct *vma)
{
	return pgprot_decrypted(pgprot_modify(vma->vm_page_prot,
					      vm_get_page_prot(vma->vm_flags)));
}

static vm_fault_t pci_bar_insert_page(struct vm_area_struct *vma,
				      unsigned long addr)
{
	return vmf_insert_pfn_prot(vma, addr, pci_bar_pfn(vma, addr),
				   pci_bar_prot(vma));
}

static u64 pci_bar_addr(const struct vm_area_struct *vma, unsigned long addr)
{
	return (u64)linear_page_index(vma, addr) << PAGE_SHIFT;
}

static vm_fault_t pci_bar_insert_pages(struct vm_area_struct *vma,
				       unsigned long addr)
{
	unsigned long end;
	vm_fault_t ret;

	if (pci_bar_is_claimed(pci_bar_addr(vma, addr), PAGE_SIZE))
		return VM_FAULT_SIGBUS;
	ret = pci_bar_insert_page(vma, addr);
	if (ret != VM_FAULT_NOPAGE)
		return ret;
	addr = ALIGN_DOWN(addr, PCI_BAR_FAULT_SIZE);
	end = min(addr + PCI_BAR_FAULT_SIZE - 1, vma->vm_end - 1);
	addr = max(addr, vma->vm_start);
	if (pci_bar_is_claimed(pci_bar_addr(vma, addr), end - addr))
		return ret;
	for (; addr < end; addr += PAGE_SIZE)
		if (pci_bar_insert_page(vma, addr) != VM_FAULT_NOPAGE)
			break;
	return ret;
}

/* Not where vm_page_prot has lost what only pci_bar_prot() knows */
static vm_fault_t pci_bar_insert_huge(struct vm_fault *vmf, unsigned int order)
{
	struct vm_area_struct *vma = vmf->vma;
	unsigned long size = PAGE_SIZE << order;
	unsigned long addr = ALIGN_DOWN(vmf->address, size);
	unsigned long pfn = pci_bar_pfn(vma, addr);
	bool write = vma->vm_flags & VM_WRITE;

	if (addr < vma->vm_start || size > vma->vm_end - addr ||
	    !IS_ALIGNED(pfn, 1UL << order) ||
	    pci_bar_is_claimed(pci_bar_addr(vma, addr), size) ||
	    pgprot_val(pgprot_decrypted(vma->vm_page_prot)) !=
	    pgprot_val(vma->vm_page_prot))
		return VM_FAULT_FALLBACK;
	if (IS_ENABLED(CONFIG_ARCH_SUPPORTS_PMD_PFNMAP) && order == PMD_ORDER)
		return vmf_insert_pfn_pmd(vmf, pfn, write);
	if (IS_ENABLED(CONFIG_ARCH_SUPPORTS_PUD_PFNMAP) && order == PUD_ORDER)
		return vmf_insert_pfn_pud(vmf, pfn, write);
	return VM_FAULT_FALLBACK;
}

/* Returns NULL if there is nothing to be mapped; else pci_bar_fault_exit() */
static struct pci_bar_owner *pci_bar_fault_enter(struct vm_area_struct *vma)
{
	struct pci_bar_owner *owner = pci_bar_owner_get(vma->vm_private_data);

	if (!owner)
		return NULL;
	if (vma_owner_fault_enter(owner->revoke))
		return owner;
	pci_bar_owner_put(owner);
	return NULL;
}

/*
 * While a part is being claimed the rest is only away for a moment: fault again, and
 * let the one who claims it go on, whatever the priority of who faults.
 */
static vm_fault_t pci_bar_fault_refused(const struct vm_area_struct *vma)
{
	if (!xa_load(&pci_bar_owners, (unsigned long)vma->vm_private_data))
		return VM_FAULT_SIGBUS;
	schedule_timeout_uninterruptible(1);
	return VM_FAULT_NOPAGE;
}

static void pci_bar_fault_exit(struct pci_bar_owner *owner)
{
	vma_owner_fault_exit(owner->revoke);
	pci_bar_owner_put(owner);
}

static vm_fault_t pci_bar_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	struct pci_bar_owner *owner = pci_bar_fault_enter(vmf->vma);
	vm_fault_t ret;

	if (!owner)
		return pci_bar_fault_refused(vmf->vma);
	if (order)
		ret = pci_bar_insert_huge(vmf, order);
	else
		ret = pci_bar_insert_pages(vmf->vma, vmf->address);
	pci_bar_fault_exit(owner);
	return ret;
}

static vm_fault_t pci_bar_fault(struct vm_fault *vmf)
{
	return pci_bar_huge_fault(vmf, 0);
}

#ifdef CONFIG_HAVE_IOREMAP_PROT
/* By a debugger, which may come before any fault */
static int pci_bar_access(struct vm_area_struct *vma, unsigned long addr,
			  void *buf, int len, int write)
{
	int ret = generic_access_phys(vma, addr, buf, len, write);
	struct pci_bar_owner *owner;

	if (ret != -EINVAL)
		return ret;
	owner = pci_bar_fault_enter(vma);
	if (!owner)
		return ret;
	if (pci_bar_insert_pages(vma, addr & PAGE_MASK) == VM_FAULT_NOPAGE)
		ret = generic_access_phys(vma, addr, buf, len, write);
	pci_bar_fault_exit(owner);
	return ret;
}
#endif

/* Of all mappings of memory BARs: kernfs wants one for each file */
static const struct vm_operations_struct pci_bar_vm_ops = {
	.fault		= pci_bar_fault,
#ifdef CONFIG_ARCH_SUPPORTS_HUGE_PFNMAP
	.huge_fault	= pci_bar_huge_fault,
#endif
#ifdef CONFIG_HAVE_IOREMAP_PROT
	.access		= pci_bar_access,
#endif
	.owner_ops	= &pci_bar_owner_ops,
};

/* ---- owners ---- */

/* The mappings of sysfs and procfs with this number; of 0, those of procfs */
static void pci_bar_zap(u64 start, u64 size, unsigned long id)
{
	struct address_space *mapping = iomem_get_mapping();
	struct vm_area_struct *vma;

	/* BARs are moved before there are files, too */
	if (!mapping)
		return;
	i_mmap_lock_read(mapping);
	mapping_rmap_tree_foreach(vma, mapping, PHYS_PFN(start),
				  PHYS_PFN(start + size - 1)) {
		if ((unsigned long)vma->vm_private_data != id)
			continue;
		/* /dev/mem has no number either */
		if (id || vma->vm_ops == &pci_bar_vm_ops)
			zap_vma(vma);
	}
	i_mmap_unlock_read(mapping);
}

static void pci_bar_owner_zap(void *priv)
{
	struct pci_bar_owner *owner = priv;

	pci_bar_zap(owner->start, owner->size, owner->id);
}

static const struct vma_owner_revoke_ops pci_bar_owner_revoke_ops = {
	.name	= "pci",
	.zap	= pci_bar_owner_zap,
};

static struct pci_bar_owner *pci_bar_owner_create(const struct pci_dev *pdev,
						  int resno)
{
	struct pci_bar_owner *owner = kzalloc_obj(*owner);
	int ret = -ENOSPC;

	if (!owner)
		return ERR_PTR(-ENOMEM);
	owner->revoke = vma_owner_revoke_create(&pci_bar_owner_revoke_ops,
						owner);
	if (IS_ERR(owner->revoke)) {
		ret = PTR_ERR(owner->revoke);
		goto err_free;
	}
	kref_init(&owner->kref);
	owner->pdev = pdev;
	owner->resno = resno;
	owner->start = pci_resource_start(pdev, resno);
	owner->size = pci_resource_len(pdev, resno);
	/* A number is not used again, even where it has 32 bits, and is no errno */
	owner->id = pci_bar_owner_last_id + 1;
	if (owner->id <= LONG_MAX)
		ret = xa_err(xa_store(&pci_bar_owners, owner->id, owner,
				      GFP_KERNEL));
	if (ret)
		goto err_put;
	pci_bar_owner_last_id = owner->id;
	return owner;

err_put:
	vma_owner_revoke_put(owner->revoke);
err_free:
	kfree(owner);
	return ERR_PTR(ret);
}

/*
 * Not yet, or not any more: files come before addresses are given, and procfs'
 * stay when they are taken away. What is at 0 then is not the device.
 */
static bool pci_bar_has_address(const struct resource *res)
{
	return !(res->flags & IORESOURCE_UNSET) && (res->parent || res->start);
}

/* Where the BAR was when mmap looked for it, it is still */
static bool pci_bar_shows(const struct pci_bar_owner *owner,
			  const struct vm_area_struct *vma)
{
	return vma->vm_pgoff >= PHYS_PFN(owner->start) &&
	       vma->vm_pgoff + vma_pages(vma) <=
	       PHYS_PFN(owner->start + owner->size);
}

static struct pci_bar_owner *pci_bar_owner_find(const struct pci_dev *pdev,
						int resno)
{
	struct pci_bar_owner *owner;
	unsigned long id;

	xa_for_each(&pci_bar_owners, id, owner) {
		if (owner->pdev != pdev || owner->resno != resno)
			continue;
		if (owner->start == pci_resource_start(pdev, resno) &&
		    owner->size == pci_resource_len(pdev, resno))
			return owner;
		/* It was made while the BAR moved, and mmap refused */
		xa_erase(&pci_bar_owners, id);
		vma_owner_revoke_begin(owner->revoke, VMA_OWNER_PERMANENT);
		pci_bar_owner_put(owner);
		break;
	}
	return pci_bar_owner_create(pdev, resno);
}

/* Returns its number, 0 where the memory is nobody's, or an errno */
static long pci_bar_owner_id(const struct pci_dev *pdev, int resno,
			     const struct vm_area_struct *vma)
{
	const struct resource *res = pci_resource_n(pdev, resno);
	struct pci_bar_owner *owner;

	guard(mutex)(&pci_bar_owners_lock);
	if (!pci_bar_has_address(res))
		return -EINVAL;
	/* Nobody would know when it is given away */
	if (!res->parent)
		return 0;
	owner = pci_bar_owner_find(pdev, resno);
	if (IS_ERR(owner))
		return PTR_ERR(owner);
	return pci_bar_shows(owner, vma) ? owner->id : -EINVAL;
}

static bool pci_bar_is_of_pages(const struct pci_dev *pdev, int resno)
{
	return PAGE_ALIGNED(pci_resource_start(pdev, resno)) &&
	       PAGE_ALIGNED(pci_resource_len(pdev, resno));
}

/**
 * pci_bar_owner_mmap() - map a memory BAR, if it can have an owner
 * @pdev: the device
 * @resno: which BAR
 * @vma: the VMA, with the protection that it is to have, and whose vm_pgoff is
 *	the pfn
 *
 * Sets &vm_area_struct.vm_ops in any case: they are right for who maps the rest,
 * too.
 *
 * Context: In ->mmap(); the device is not removed meanwhile.
 * Return: 0, -ENOENT if the caller is to map it, or another errno.
 */
int pci_bar_owner_mmap(const struct pci_dev *pdev, int resno,
		       struct vm_area_struct *vma)
{
	long id;
	int ret;

	vma->vm_ops = &pci_bar_vm_ops;
	if (vma_is_cow_mapping(vma) || !pci_bar_is_of_pages(pdev, resno))
		return -ENOENT;
	id = pci_bar_owner_id(pdev, resno, vma);
	if (id <= 0)
		return id ?: -ENOENT;
	vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_page_prot = pgprot_decrypted(vma->vm_page_prot);
	ret = pfnmap_track_vma(vma, pci_bar_pfn(vma, vma->vm_start));
	if (!ret)
		vma->vm_private_data = (void *)id;
	return ret;
}

/* Takes one out of the table, and over the reference that this had */
static struct pci_bar_owner *pci_bar_owner_take(const struct pci_dev *pdev,
						int resno, u64 start, u64 end)
{
	struct pci_bar_owner *owner;
	unsigned long id;

	/* An empty table says nothing: somebody may be about to be in it */
	guard(mutex)(&pci_bar_owners_lock);
	xa_for_each(&pci_bar_owners, id, owner) {
		if (pdev && owner->pdev != pdev)
			continue;
		if (resno >= 0 && owner->resno != resno)
			continue;
		if (owner->start <= end && owner->start + owner->size > start)
			return xa_erase(&pci_bar_owners, id);
	}
	return NULL;
}

/* One that @res has all of */
static struct pci_bar_owner *
pci_bar_owner_take_within(const struct resource *res)
{
	struct pci_bar_owner *owner;
	unsigned long id;

	guard(mutex)(&pci_bar_owners_lock);
	xa_for_each(&pci_bar_owners, id, owner)
		if (owner->start >= res->start &&
		    owner->start + owner->size - 1 <= res->end)
			return xa_erase(&pci_bar_owners, id);
	return NULL;
}

/* What nobody owns is known in procfs by its address alone, and only whole pages are */
static void pci_bar_zap_unowned(const struct pci_dev *pdev, int resno)
{
	const struct resource *res = pci_resource_n(pdev, resno);

	if (resource_type(res) == IORESOURCE_MEM && pci_bar_has_address(res) &&
	    pci_bar_is_of_pages(pdev, resno))
		pci_bar_zap(res->start, resource_size(res), 0);
}

static void pci_bar_owner_end(const struct pci_dev *pdev, int resno, u64 start,
			      u64 end)
{
	struct pci_bar_owner *owner;

	while ((owner = pci_bar_owner_take(pdev, resno, start, end))) {
		vma_owner_revoke(owner->revoke, VMA_OWNER_PERMANENT);
		pci_bar_owner_put(owner);
	}
}

/**
 * pci_bar_owner_revoke() - take BARs of a device back for good
 * @pdev: the device
 * @resno: which BAR, or a negative number for all
 *
 * On return nobody accesses them through what was mapped or pinned until now.
 *
 * Context: Process context, may sleep. pci_bus_sem and pci_rescan_remove_lock may
 * be held; no lock that unpinning or undoing a mapping takes. Before the address
 * becomes somebody else's.
 */
void pci_bar_owner_revoke(const struct pci_dev *pdev, int resno)
{
	int i;

	pci_bar_owner_end(pdev, resno, 0, U64_MAX);
	for (i = 0; i < PCI_STD_NUM_BARS; i++)
		if (resno < 0 || resno == i)
			pci_bar_zap_unowned(pdev, i);
}

/**
 * pci_bar_release_children() - release what is in the window of a bridge
 * @window: the window
 *
 * As release_child_resources(), which the devices behind the bridge are not told
 * of. Their BARs are taken back, and once more what was mapped meanwhile.
 *
 * Context: As pci_bar_owner_revoke().
 */
void pci_bar_release_children(struct resource *window)
{
	const u64 start = window->start, end = window->end;
	const bool memory = resource_type(window) == IORESOURCE_MEM;

	if (memory)
		pci_bar_owner_end(NULL, -1, start, end);
	release_child_resources(window);
	if (memory)
		pci_bar_owner_end(NULL, -1, start, end);
}

/* The next one behind *@id that @res is a part of, with a reference */
static struct pci_bar_owner *pci_bar_owner_next(const struct resource *res,
						unsigned long *id)
{
	struct pci_bar_owner *owner;

	guard(mutex)(&pci_bar_owners_lock);
	xa_for_each_start(&pci_bar_owners, *id, owner, *id + 1) {
		if (owner->start > res->end ||
		    owner->start + owner->size <= res->start)
			continue;
		kref_get(&owner->kref);
		return owner;
	}
	return NULL;
}

/* Who uses the rest goes on; what is claimed is refused from now on */
static void pci_bar_owner_claim_part(const struct resource *res)
{
	struct pci_bar_owner *owner;
	unsigned long id = 0;

	while ((owner = pci_bar_owner_next(res, &id))) {
		vma_owner_revoke(owner->revoke, VMA_OWNER_TEMPORARY);
		vma_owner_restore(owner->revoke);
		pci_bar_owner_put(owner);
	}
}

/**
 * pci_bar_owner_claimed() - take what a driver has claimed of BARs back
 * @res: what it has claimed, in the tree of iomem_resource by now
 *
 * Not if user space may still have it. All of a BAR is taken back for good; of a
 * part nothing is mapped or pinned again, and importers that hold some of it lose
 * all that they hold in the same pin.
 *
 * Context: As pci_bar_owner_revoke().
 */
void pci_bar_owner_claimed(const struct resource *res)
{
	struct pci_bar_owner *owner;

	/* Who is about to be in the table looks at the resources afterwards */
	if (xa_empty(&pci_bar_owners) ||
	    !resource_is_exclusive(&iomem_resource, res->start,
				   resource_size(res)))
		return;
	while ((owner = pci_bar_owner_take_within(res))) {
		vma_owner_revoke(owner->revoke, VMA_OWNER_PERMANENT);
		pci_bar_owner_put(owner);
	}
	pci_bar_owner_claim_part(res);
}
