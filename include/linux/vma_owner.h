/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counted, revocable references to the memory behind a driver's VMA.
 *
 * Read from top to bottom: the life of a pin, the four roles with a few lines
 * of code each, memory, revoking, locks and errors in short; then every
 * structure that a driver fills, and last the calls. Each call has its
 * kernel-doc beside its code. There are the reasons too: DOC: locking and
 * DOC: revoking in mm/vma_owner.c, DOC: mappings and DOC: hand-over in
 * drivers/dma-buf/vma-pin.c, DOC: dma-buf as owner in dma-buf-vma-owner.c
 * there. Documentation/mm/vma_owner.rst is drawn from all of them.
 */
#ifndef _LINUX_VMA_OWNER_H
#define _LINUX_VMA_OWNER_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/iosys-map.h>
#include <linux/list.h>
#include <linux/mm_types.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct device;
struct dma_buf;
struct dma_buf_attachment;
struct dma_resv;
struct file;
struct module;
struct p2pdma_provider;
struct sg_table;
struct vma_owner_obj_ops;
struct vma_owner_revoke;
struct vma_pin;
struct vma_pin_maps;

/**
 * DOC: life of a pin
 *
 * A VMA is only an address range. The thing with a lifetime is the *object*
 * behind it, a buffer or a BAR, and the driver that made it counts it already.
 * It goes like this:
 *
 * - The **owner** marks its VMAs: &vm_operations_struct.owner_ops says who
 *   owns the memory. Given an address, &vma_owner_ops.tryget names the object,
 *   takes one more count on it and tells the offset in it.
 * - The **importer** calls vma_pin_user() with a user address. The pin starts
 *   life holding one counted reference to the object and one to the module
 *   that will put it. The VMA is let go of at once: munmap, fork, split,
 *   mremap, mprotect, exit and close leave the pin whole.
 * - The importer then asks for **mappings** of the pin as it needs them: DMA
 *   addresses (vma_pin_map_dma()), a kernel address (vma_pin_vmap()) or
 *   physical extents (vma_pin_get_extents()). They come and go under the **lock
 *   of the pin**, see vma_pin_lock(). A mapping stays until it is undone.
 * - A *static* owner promises the memory until the last pin is gone. A
 *   *revocable* owner may take it back: vma_owner_revoke() makes new pins and
 *   mappings fail, tells every importer to stop, undoes the mappings and
 *   returns when nobody uses them. The pins stay, as promises that the object
 *   is not freed; after a permanent revoke even that is dropped and they are
 *   empty shells.
 *
 * The life ends with vma_unpin(), which undoes the mappings that are left and
 * puts object and module. Ordinary memory goes through the same calls: it has
 * no owner, and its pages are pinned by pin_user_pages_fast().
 */

/**
 * DOC: a static exporter
 *
 * An exporter hands out references of the counter that the buffer has already,
 * here a kref, of which the VMA or its file holds one::
 *
 *	static const struct vma_owner_obj_ops foo_obj_ops = {
 *		.name		= "foo",
 *		.module		= THIS_MODULE,
 *		.put		= foo_put,
 *		.get_dmabuf	= foo_export,
 *	};
 *
 *	static int foo_tryget(const struct vma_owner_query *q,
 *			      struct vma_owner_ref *ref)
 *	{
 *		struct foo *foo = q->private_data;
 *
 *		kref_get(&foo->kref);
 *		ref->ops = &foo_obj_ops;
 *		ref->obj = foo;
 *		ref->offset = (u64)q->pgoff << PAGE_SHIFT;
 *		ref->size = foo->size;
 *		return 0;
 *	}
 *
 *	static const struct vma_owner_ops foo_owner_ops = {
 *		.tryget		= foo_tryget,
 *	};
 *
 * The VMAs name the last, and what tryget is to find::
 *
 *	static const struct vm_operations_struct foo_vm_ops = {
 *		.owner_ops	= &foo_owner_ops,
 *	};
 *
 *	static int foo_mmap(struct file *file, struct vm_area_struct *vma)
 *	{
 *		struct foo *foo = file->private_data;
 *
 *		vma->vm_private_data = foo;
 *		vma->vm_ops = &foo_vm_ops;
 *		return foo_map_pages(foo, vma);
 *	}
 *
 * For the op that fits the memory, here foo_export() which returns a dma-buf,
 * see DOC: memory. The dma-buf has a count of its own on the object, since it may
 * end after foo_put(). The reference holds the buffer, never the exporter's
 * struct file. Without .sync, devices that bounce it or are not coherent are
 * refused such memory, see enum vma_owner_sync.
 *
 * Who maps a dma-buf to user space writes none of that. Its VMAs have the
 * dma-buf's file in &vm_area_struct.vm_file and page n of it at
 * &vm_area_struct.vm_pgoff n, and &dma_buf_ops.mmap says so::
 *
 *	static int qux_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
 *	{
 *		struct qux *qux = dmabuf->priv;
 *
 *		dma_buf_own_cached_vma(vma);
 *		return vm_map_pages(vma, qux->pages, qux->nr_pages);
 *	}
 *
 * "cached" is VMA_OWNER_SYNC_DMA, which see; dma_buf_own_vma() is for other
 * memory. Either gives the VMA a &vm_operations_struct, and warns if it has
 * one with functions: then .owner_ops of that is dma_buf_vma_owner_ops or
 * dma_buf_cached_vma_owner_ops. Where vm_pgoff is shifted, as GEM does, or
 * vm_file is another, they are wrong.
 */

/**
 * DOC: a revocable exporter
 *
 * As a static one, with extents instead of a dma-buf, and a revoke handle,
 * which is made with the object, before anybody can map it::
 *
 *	static int foo_get_extents(void *obj, u64 offset, u64 len,
 *				   struct vma_owner_extents *x)
 *	{
 *		struct foo *foo = obj;
 *
 *		x->vec = kmalloc(sizeof(*x->vec), GFP_KERNEL);
 *		if (!x->vec)
 *			return -ENOMEM;
 *		x->vec[0].paddr = foo->bar + offset;
 *		x->vec[0].len = len;
 *		x->nr = 1;
 *		x->type = VMA_OWNER_MMIO;
 *		x->prot = pgprot_noncached(PAGE_KERNEL);
 *		x->provider = foo->provider;
 *		return 0;
 *	}
 *
 *	static void foo_put_extents(void *obj, struct vma_owner_extents *x)
 *	{
 *		kfree(x->vec);
 *	}
 *
 *	static struct vma_owner_revoke *foo_revocable(void *obj)
 *	{
 *		struct foo *foo = obj;
 *
 *		return foo->revoke;
 *	}
 *
 *	static void foo_zap(void *priv)
 *	{
 *		struct foo *foo = priv;
 *
 *		if (foo->inode)
 *			unmap_mapping_range(foo->inode->i_mapping, 0, 0, 1);
 *	}
 *
 *	static const struct vma_owner_obj_ops foo_bar_ops = {
 *		.name		= "foo",
 *		.module		= THIS_MODULE,
 *		.put		= foo_put,
 *		.get_extents	= foo_get_extents,
 *		.put_extents	= foo_put_extents,
 *		.revocable	= foo_revocable,
 *	};
 *
 *	static const struct vma_owner_revoke_ops foo_revoke_ops = {
 *		.name		= "foo",
 *		.zap		= foo_zap,
 *	};
 *
 *	static int foo_init(struct foo *foo)
 *	{
 *		foo->revoke = vma_owner_revoke_create(&foo_revoke_ops, foo);
 *		return PTR_ERR_OR_ZERO(foo->revoke);
 *	}
 *
 * mmap leaves the VMA empty for the fault handler to fill, which stands in the
 * operations beside the owner's. It refuses private mappings, on which
 * vmf_insert_pfn() is a BUG()::
 *
 *	static int foo_bar_mmap(struct file *file, struct vm_area_struct *vma)
 *	{
 *		struct foo *foo = file->private_data;
 *
 *		if (!(vma->vm_flags & VM_SHARED) ||
 *		    vma->vm_pgoff + vma_pages(vma) > foo->size >> PAGE_SHIFT)
 *			return -EINVAL;
 *		vm_flags_set(vma, VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
 *		vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
 *		vma->vm_private_data = foo;
 *		vma->vm_ops = &foo_bar_vm_ops;
 *		return 0;
 *	}
 *
 *	static vm_fault_t foo_fault(struct vm_fault *vmf)
 *	{
 *		struct foo *foo = vmf->vma->vm_private_data;
 *		vm_fault_t ret;
 *
 *		if (!vma_owner_fault_enter(foo->revoke))
 *			return VM_FAULT_SIGBUS;
 *		ret = vmf_insert_pfn(vmf->vma, vmf->address,
 *				     PHYS_PFN(foo->bar) + vmf->pgoff);
 *		vma_owner_fault_exit(foo->revoke);
 *		return ret;
 *	}
 *
 * Then a reset, and the end of the device in its driver's remove, are::
 *
 *	static void foo_reset(struct foo *foo)
 *	{
 *		vma_owner_revoke(foo->revoke, VMA_OWNER_TEMPORARY);
 *		foo_reset_hw(foo);
 *		vma_owner_restore(foo->revoke);
 *	}
 *
 *	static void foo_remove(struct foo *foo)
 *	{
 *		vma_owner_revoke(foo->revoke, VMA_OWNER_PERMANENT);
 *		foo_put(foo);
 *	}
 *
 * The handle is put where the object is freed, by vma_owner_revoke_put(). Where
 * a lock of the owner keeps fault handlers out already, it is held around
 * vma_owner_revoke_begin(), then dropped for vma_owner_revoke_drain(), and the
 * fault handler does without the two calls: it tests the owner's own state
 * under that lock. vma_owner_restore() may come before the drain is over.
 *
 * An object with a dma-buf has no handle. Its exporter revokes as exporters of
 * dma-bufs do, by dma_buf_invalidate_mappings() under the dma_resv, and while
 * the memory is away map_dma_buf and vmap, and a tryget of its own, say
 * -ENODEV. A kernel mapping that an importer has stays: such memory is not
 * freed before the last put.
 */

/**
 * DOC: a static importer
 *
 * It can be handed any memory but revocable memory, and knows of no lock::
 *
 *	static const struct vma_pin_client bar_client = { .name = "bar" };
 *
 *	static int bar_capture(struct bar_buf *buf, unsigned long addr,
 *			       size_t len)
 *	{
 *		struct sg_table *sgt;
 *		int ret;
 *
 *		ret = vma_pin_user(&buf->pin, addr, len, VMA_PIN_WRITE,
 *				   &bar_client);
 *		if (ret)
 *			return ret;
 *		sgt = vma_pin_map_dma_unlocked(&buf->pin, buf->dev,
 *					       DMA_FROM_DEVICE);
 *		ret = PTR_ERR_OR_ZERO(sgt);
 *		if (!ret)
 *			ret = vma_pin_sync_for_device(&buf->pin);
 *		if (!ret)
 *			ret = bar_run(buf, sgt);
 *		if (!ret)
 *			ret = vma_pin_sync_for_cpu(&buf->pin);
 *		vma_unpin(&buf->pin);
 *		return ret;
 *	}
 *
 * A buffer that is used again and again stays mapped, and each transfer has its
 * two syncs. The table has DMA addresses and lengths, no pages. Where the CPU
 * accesses the memory, and no device, it is the other way round::
 *
 *	static int bar_draw(struct bar_buf *buf, const void *from, size_t len)
 *	{
 *		void *vaddr = vma_pin_vmap_unlocked(&buf->pin, DMA_TO_DEVICE);
 *		int ret = PTR_ERR_OR_ZERO(vaddr);
 *
 *		if (ret)
 *			return ret;
 *		ret = vma_pin_sync_for_cpu(&buf->pin);
 *		if (!ret) {
 *			memcpy(vaddr, from, len);
 *			ret = vma_pin_sync_for_device(&buf->pin);
 *		}
 *		vma_pin_vunmap_unlocked(&buf->pin);
 *		return ret;
 *	}
 *
 * That, too, is mapped once where it is done again and again.
 */

/**
 * DOC: a revocable importer
 *
 * It can be told to stop at any time, and says so by
 * &vma_pin_client.invalidate. The core undoes the mappings after it::
 *
 *	static void baz_invalidate(struct vma_pin *pin, enum vma_owner_loss why)
 *	{
 *		baz_stop(container_of(pin, struct baz_buf, pin));
 *	}
 *
 *	static const struct vma_pin_client baz_client = {
 *		.name		= "baz",
 *		.invalidate	= baz_invalidate,
 *	};
 *
 * When it has pinned, it says once for which device by vma_pin_attach(). Each
 * transfer maps what is not mapped, waits, hands it over and starts the device,
 * all under the lock. baz_wait() is shown below::
 *
 *	static int baz_transfer(struct baz_buf *buf)
 *	{
 *		struct sg_table *sgt;
 *		int ret = vma_pin_lock(&buf->pin);
 *
 *		if (ret)
 *			return ret;
 *		sgt = vma_pin_dma_table(&buf->pin);
 *		if (!sgt)
 *			sgt = vma_pin_map_dma(&buf->pin, DMA_FROM_DEVICE);
 *		ret = PTR_ERR_OR_ZERO(sgt);
 *		if (!ret)
 *			ret = baz_wait(buf, true);
 *		if (!ret) {
 *			vma_pin_sync_for_device_locked(&buf->pin);
 *			ret = baz_start(buf, sgt);
 *			if (ret)
 *				vma_pin_sync_for_cpu_locked(&buf->pin);
 *		}
 *		vma_pin_unlock(&buf->pin);
 *		return ret;
 *	}
 *
 * Of revoked memory that says -ENODEV. When the device is done comes
 * vma_pin_sync_for_cpu(), which sleeps: from a work item, not the interrupt.
 * vma_pin_lock() keeps callbacks out, not other threads of the importer: it may
 * be a reader's lock, or none. An outer lock of its own orders its own calls.
 *
 * What baz_invalidate() cannot stop, such as an access by the CPU to what
 * vma_pin_vmap() has mapped under the lock, runs without it::
 *
 *	static int baz_read(struct baz_buf *buf, void *to, size_t len)
 *	{
 *		void *vaddr;
 *		int ret;
 *
 *		if (!vma_pin_enter(&buf->pin))
 *			return -ENODEV;
 *		ret = vma_pin_sync_for_cpu(&buf->pin);
 *		if (!ret) {
 *			vaddr = vma_pin_vaddr(&buf->pin);
 *			if (vaddr)
 *				memcpy(to, vaddr, len);
 *			ret = vma_pin_sync_for_device(&buf->pin);
 *			if (!vaddr)
 *				ret = -ENODEV;
 *		}
 *		vma_pin_exit(&buf->pin);
 *		return ret;
 *	}
 *
 * Where nothing is mapped vma_pin_enter() may be true and the address NULL, or
 * it is false. The owner waits for the exit, so that no restore maps, and lets
 * the device go on, between the two syncs.
 *
 * A dma-buf that moves waits for no exit: the device has stopped when
 * baz_invalidate() is back. And before baz_start() lets it at a dma-buf, it
 * waits for the fences there, under the lock. Where others are to wait for the
 * device, it adds one of its own. Other memory has no dma_resv::
 *
 *	static int baz_wait(struct baz_buf *buf, bool write)
 *	{
 *		struct dma_resv *resv = vma_pin_resv(&buf->pin);
 *		long ret = 0;
 *
 *		if (resv)
 *			ret = dma_resv_wait_timeout(resv,
 *						    dma_resv_usage_rw(write),
 *						    true, MAX_SCHEDULE_TIMEOUT);
 *		return ret < 0 ? ret : 0;
 *	}
 *
 * An importer that is to go on by itself when the memory is back has a restore
 * as well, save for dma-bufs, of which none is called: there, baz_invalidate()
 * queues a work item that transfers anew. It runs under the lock, as
 * baz_transfer() does between lock and unlock::
 *
 *	static int baz_restore(struct vma_pin *pin)
 *	{
 *		struct baz_buf *buf = container_of(pin, struct baz_buf, pin);
 *		struct sg_table *sgt;
 *		int ret = 0;
 *
 *		if (!READ_ONCE(buf->wanted))
 *			return 0;
 *		sgt = vma_pin_map_dma(pin, DMA_FROM_DEVICE);
 *		if (IS_ERR(sgt))
 *			return PTR_ERR(sgt);
 *		vma_pin_sync_for_device_locked(pin);
 *		mutex_lock(&buf->leaf);
 *		if (buf->wanted)
 *			ret = baz_start(buf, sgt);
 *		mutex_unlock(&buf->leaf);
 *		return ret;
 *	}
 *
 * A transfer sets @wanted with its start, under the lock of the pin, so never
 * before the attach. It clears it before its vma_pin_sync_for_cpu(), which so
 * takes back what a restore has handed over meanwhile: what stays with the
 * device, the next transfer does not hand over.
 *
 * The end of a pin is vma_unpin(), which calls no invalidate: before it, the
 * importer stops its device and waits for its work items. One with a restore
 * clears @wanted under @leaf before the stop: the owner may restore between the
 * stop and the unpin.
 */

/**
 * DOC: memory
 *
 * What an owner offers decides what its memory can be mapped into:
 *
 * ====================  ===================  ==================================
 * Memory                Ops                  Importers get
 * ====================  ===================  ==================================
 * a dma-buf in vm_file  dma_buf_own_vma(),   what the dma-buf can do
 *                       or its cached form
 * dma_alloc_coherent()  get_dmabuf, sync     what the dma-buf can do
 * pages                 get_extents of       DMA, extents; kernel address, if
 *                       RAM, vmap            there is vmap
 * carve-out             of RAM_FIXED, vmap   likewise
 * BAR                   of MMIO              extents; DMA, with a provider
 * ordinary              no owner             DMA and kernel address, by pages
 * ====================  ===================  ==================================
 *
 * An object has *either* get_dmabuf *or* get_extents. Without vmap there is no
 * kernel address, neither of a dma-buf nor of extents, and importers that want
 * one, such as videobuf2-vmalloc, get -EOPNOTSUPP.
 *
 * Who allocates what, and who frees it when:
 *
 * - get_extents allocates &vma_owner_extents.vec and fills all of the
 *   structure; the core has set @prot to PAGE_KERNEL. put_extents frees it. A
 *   pin may have two at a time, one of vma_pin_map_dma() and one of
 *   vma_pin_get_extents().
 * - get_dmabuf returns a reference. The core drops it when the pin ends.
 * - vmap fills the iosys_map; vunmap is given the same.
 * - The table, the address and the extents that an importer is given are the
 *   core's. It may read them while they are mapped, and frees nothing.
 * - put drops what tryget took, once, whatever else was called.
 */

/**
 * DOC: who has the memory
 *
 * Mapped memory belongs to the CPU or to the device, in turns. DOC: hand-over
 * has the reasons.
 *
 * =========================  =======================  =========================
 * Mapped by                  vma_pin_map_dma()        vma_pin_vmap() alone
 * =========================  =======================  =========================
 * after it was mapped        the CPU's                others'
 * before transfer or access  vma_pin_sync_for_device  vma_pin_sync_for_cpu
 * after it                   vma_pin_sync_for_cpu     vma_pin_sync_for_device
 * in the direction           of the mapping           given to vma_pin_vmap()
 * undone meanwhile           synced for the CPU       ended
 * can fail                   no                       the exporter may
 * =========================  =======================  =========================
 *
 * Each call is made in its turn, whatever the direction is; one too many does
 * nothing. An importer that only reads by the CPU passes DMA_FROM_DEVICE to
 * vma_pin_vmap(), one that only writes DMA_TO_DEVICE. The calls wait for no
 * fence.
 */

/**
 * DOC: revoking and locks in short
 *
 * The **lock of a pin** is what vma_pin_lock() takes: the dma_resv of memory
 * with a dma-buf, else the revoke lock of the owner, else nothing. Mappings are
 * made and undone under it, and the callbacks of importers run under it:
 * neither meets the other. ``_unlocked`` forms and, of importers that can be
 * revoked, syncs take it by themselves.
 *
 * The **revoke lock** is the owner's own, in the revoke handle. Pins, mappings
 * and fault handlers read it. vma_owner_revoke_begin() writes it, marks the
 * handle, zaps the CPU mappings, calls invalidate for each pin, and undoes its
 * mappings. vma_owner_revoke_drain() waits for those who had entered.
 * vma_owner_revoke() is both. Each temporary revoke needs its
 * vma_owner_restore(); the last one lifts the mark and calls restore, or leaves
 * it to the last exit if somebody is still in.
 *
 * The order, outermost first: outer locks of the importer; mmap_lock or the VMA
 * lock; locks of the exporter; lock of the pin; leaf locks of the importer, the
 * only ones that its callbacks may take. A leaf lock is never held across a
 * call that takes one of the others. lockdep knows this from boot on.
 *
 * In its reports *vma_pin_lock* stands for the lock of any pin, and
 * *vma_owner_put* for what is held around ``put``.
 *
 * vma_unpin() takes the lock of the pin. In a callback, in an MMU notifier, or
 * under a dma_resv, as GPU drivers have them, that is a deadlock that lockdep
 * reports on the first call: vma_unpin_deferred() is for these.
 */

/**
 * DOC: errors
 *
 * Every call that fails leaves nothing behind, and says why:
 *
 * ==================  =======================================================
 * ``-EFAULT``         No such memory for you: unmapped or partly mapped, not
 *                     writable though asked or else not readable, a
 *                     copy-on-write mapping of owned memory, two objects in
 *                     one range, owned and ordinary memory in one range, a
 *                     range that ends beyond its object, VM_IO or VM_PFNMAP
 *                     memory of which nobody is the owner
 * ``-ENODEV``         The owner has revoked the memory, or its module is
 *                     going away. A temporary revoke says the same: try again
 *                     later, or wait for restore if there is a pin
 * ``-EOPNOTSUPP``     Revocable memory asked for by an importer that cannot
 *                     be revoked; an operation the owner does not offer; a
 *                     device that needs syncs, and an owner that does not say
 *                     how or an importer that never syncs; a part of a dma-buf
 *                     for a device that bounces it
 * ``-EINVAL``         Zero length, an address range that overflows, a DMA
 *                     direction that a pin without VMA_PIN_WRITE does not
 *                     allow. A part of a cache line of owned memory, for a
 *                     device that is not coherent to write. Unknown flags, a
 *                     client without a name, a pin that holds nothing or has no
 *                     device, which warn as well: never pass on the flags of
 *                     user space
 * ``-EBUSY``          The pin has a mapping of that kind already, or is mapped
 *                     for another device
 * ``-EIO``            The DMA API refuses: the memory is beyond the device's
 *                     DMA mask and cannot be bounced, bounce buffers are full
 *                     or too small for it; or so said a dma-buf's exporter
 * ``-ENOMEM``         Out of memory, or the owner's answer when it accounts
 *                     pins itself; likewise ``-EDQUOT``
 * ``-EINTR``          A fatal signal arrived while waiting for mmap_lock or the
 *                     revoke lock, or any signal while waiting for the dma_resv
 *                     of a dma-buf or its fences (then perhaps
 *                     ``-ERESTARTSYS``)
 * ==================  =======================================================
 */

/* ------------------------------------------------------------------------- */
/* Exporter                                                                  */

/**
 * struct vma_owner_query - what an owner is told about an address
 * @file: &vm_area_struct.vm_file, may be NULL
 * @private_data: &vm_area_struct.vm_private_data
 * @pgoff: page offset of the address, counted as &vm_area_struct.vm_pgoff is
 * @len: bytes from the address to the end of the VMA or of the range asked
 *	for, whichever comes first
 * @write: the importer means to write
 * @revocable: the importer can be revoked. Memory that is revocable is refused
 *	to others whatever tryget says, so that it need not wait for them
 * @pfnmap: the VMA is VM_IO or VM_PFNMAP. Memory that is neither the owner may
 *	leave to GUP, by -ENOENT: it has pages, and was taken before
 *
 * Filled by the core from a locked VMA. The VMA itself is never handed out,
 * so an owner cannot come to depend on page tables or on a VMA staying put.
 */
struct vma_owner_query {
	struct file	*file;
	void		*private_data;
	pgoff_t		pgoff;
	size_t		len;
	bool		write;
	bool		revocable;
	bool		pfnmap;
};

/**
 * struct vma_owner_ref - one counted reference to an owned object
 * @ops: what can be done with the object
 * @obj: the object; only @ops know its type
 * @offset: where the address is in the object, in bytes
 * @size: size of the object, in bytes
 */
struct vma_owner_ref {
	const struct vma_owner_obj_ops	*ops;
	void				*obj;
	u64				offset;
	u64				size;
};

/**
 * struct vma_owner_ops - who owns the memory behind a VMA
 *
 * &vm_operations_struct.owner_ops points here. That member is there only with
 * CONFIG_VMA_OWNER, so set it inside #ifdef, or depend on the option. What has
 * a dma-buf in &vm_area_struct.vm_file needs no such structure of its own:
 * dma_buf_own_vma() and dma_buf_vma_owner_ops.
 */
struct vma_owner_ops {
	/**
	 * @tryget: Mandatory. Name the object behind @q, take a reference to
	 * it and fill @ref. Where the VMA holds a reference, of its own or by
	 * its file, a plain increment will do; otherwise increment unless zero.
	 * Neither the range nor the permissions nor a revoke need be looked at:
	 * the core compares the range with the size, and asks @revocable.
	 *
	 * Returns 0, -ENOENT for "not mine" (what is there is then taken for
	 * ordinary memory; vma_has_owner() stays true), -ENODEV when the
	 * object is dead, or the owner's own reason to refuse (-ENOMEM,
	 * -EDQUOT, -EPERM).
	 *
	 * Context: The rules of &vm_operations_struct.fault. The VMA lock or
	 * mmap_lock is held for reading. May sleep, take leaf locks of the
	 * exporter, and wait, if it can be killed, for one that the owner holds
	 * while it drains; never a queue lock, a dma_resv or mmap_lock. Must
	 * not create a dma-buf.
	 */
	int (*tryget)(const struct vma_owner_query *q,
		      struct vma_owner_ref *ref);
};

/**
 * enum vma_owner_memtype - how extents may be accessed
 * @VMA_OWNER_RAM: ordinary RAM with struct pages, cacheable
 * @VMA_OWNER_RAM_FIXED: RAM whose one legal page protection is given with the
 *	extents (a write-combined carve-out); it may lack struct pages
 * @VMA_OWNER_MMIO: device memory
 */
enum vma_owner_memtype {
	VMA_OWNER_RAM,
	VMA_OWNER_RAM_FIXED,
	VMA_OWNER_MMIO,
};

/**
 * struct vma_owner_extents - physical memory of a part of an object
 * @vec: extents in the order of the object's offsets, exactly as long as asked.
 *	get_extents allocates it, put_extents frees it
 * @nr: number of entries in @vec
 * @type: memory type; VMA_OWNER_RAM if nothing is said
 * @prot: page protection to map the memory with; PAGE_KERNEL if nothing is said
 * @provider: p2pdma provider of MMIO; without one only IOMMU importers can use
 *	it, and vma_pin_map_dma() answers -EOPNOTSUPP. That of a PCI BAR is what
 *	pcim_p2pdma_provider() returns, after pcim_p2pdma_init() in probe; other
 *	buses have none
 *
 * Filled by &vma_owner_obj_ops.get_extents, valid until put_extents.
 */
struct vma_owner_extents {
	struct phys_vec		*vec;
	unsigned int		nr;
	enum vma_owner_memtype	type;
	pgprot_t		prot;
	struct p2pdma_provider	*provider;
};

/**
 * enum vma_owner_sync - how a device's mapping of a dma-buf is synced
 * @VMA_OWNER_SYNC_UNKNOWN: not by importers, so that a device which bounces it
 *	or is not coherent cannot use the memory
 * @VMA_OWNER_SYNC_DMA: by the DMA API: map_dma_buf maps ordinary memory that
 *	the CPU caches, all of it, by dma_map_sgtable() without
 *	DMA_ATTR_SKIP_CPU_SYNC
 * @VMA_OWNER_SYNC_NEVER: not at all: neither does the CPU cache the memory, nor
 *	does map_dma_buf give it to a device that bounces it
 */
enum vma_owner_sync {
	VMA_OWNER_SYNC_UNKNOWN,
	VMA_OWNER_SYNC_DMA,
	VMA_OWNER_SYNC_NEVER,
};

/**
 * struct vma_owner_obj_ops - what an owned object can do
 *
 * @name, @module and @put, and one of @get_dmabuf and @get_extents; the rest as
 * DOC: memory tells. An object that offers @get_dmabuf is reached through its
 * dma-buf alone: the extents, vmap and revocable members are then not used,
 * since the dma-buf's exporter moves and revokes by itself. Such memory is
 * static, or its dma-buf is revoked as dma-bufs are.
 */
struct vma_owner_obj_ops {
	/** @name: Shown in debugfs and tracepoints. Mandatory. */
	const char *name;

	/**
	 * @module: The module of @put, held as long as the reference is. For
	 * helpers shared by drivers this is the helper's module.
	 */
	struct module *module;

	/**
	 * @put: Drop one reference taken by tryget. Mandatory.
	 *
	 * Context: Process context, may sleep, may take the exporter's locks
	 * but never mmap_lock. The VMA lock or mmap_lock may be held: if
	 * @module is being unloaded, or the importer wants extents only.
	 */
	void (*put)(void *obj);

	/**
	 * @get_dmabuf: Hand out a dma-buf of the object with a reference, or
	 * an ERR_PTR. May create one, but must not store it in the object: the
	 * two would keep each other alive. Offset 0 of the dma-buf is offset 0
	 * of the object, and its size covers &vma_owner_ref.size. Called when a
	 * pin is first locked or attached, and no more once it has succeeded.
	 *
	 * Context: Process context, may sleep. No lock of the core is held;
	 * the importer's outer locks may be.
	 */
	struct dma_buf *(*get_dmabuf)(void *obj);

	/**
	 * @no_fd: What @get_dmabuf hands out is for importers in the kernel. No
	 * descriptor of it goes to user space, which would come back with it as
	 * with one that the exporter has never seen.
	 */
	bool no_fd;

	/**
	 * @sync: Say how what @get_dmabuf has handed out is synced. Without it,
	 * VMA_OWNER_SYNC_UNKNOWN.
	 *
	 * Context: As @get_dmabuf.
	 */
	enum vma_owner_sync (*sync)(void *obj);

	/**
	 * @vmap: Give a kernel mapping of the whole object, with the page
	 * protection that is right for it. Each pin asks for one of its own and
	 * gives it back by @vunmap. For objects with @get_extents: of others
	 * the dma-buf's own is used.
	 *
	 * Context: As @get_extents.
	 */
	int (*vmap)(void *obj, struct iosys_map *map);

	/** @vunmap: Undo @vmap. Mandatory with it. Context: As @put_extents. */
	void (*vunmap)(void *obj, struct iosys_map *map);

	/**
	 * @get_extents: Fill @x, and allocate its vec, for @len bytes from
	 * @offset of the object. Both lie within the object's size and need not
	 * be page aligned. Returns 0 or an errno that the importer is told.
	 *
	 * Context: May sleep. The revoke lock is held if there is one, for
	 * reading or, inside &vma_pin_client.restore, for writing; perhaps
	 * outer locks of the importer, and what the exporter holds around
	 * vma_owner_restore().
	 */
	int (*get_extents)(void *obj, u64 offset, u64 len,
			   struct vma_owner_extents *x);

	/**
	 * @put_extents: Undo @get_extents. Mandatory with it.
	 *
	 * Context: May sleep. The revoke lock is held if there is one; perhaps
	 * outer locks of the importer, and what the exporter holds around
	 * vma_owner_revoke_begin(), which undoes mappings.
	 */
	void (*put_extents)(void *obj, struct vma_owner_extents *x);

	/**
	 * @revocable: Return the revoke handle of the object, NULL if the
	 * object is static. The object holds a reference to the handle, which
	 * the core adds to; many objects may share one.
	 *
	 * Context: Process context, no lock of the core is held.
	 */
	struct vma_owner_revoke *(*revocable)(void *obj);
};

/**
 * enum vma_owner_loss - what happens to memory that an importer uses
 * @VMA_OWNER_MOVED: it moves: its mapping for the device is undone and may be
 *	made again. Told by dma-buf exporters, to importers only.
 * @VMA_OWNER_TEMPORARY: the owner takes it back until vma_owner_restore() (a
 *	reset, decode turned off); temporary losses nest by count
 * @VMA_OWNER_PERMANENT: the owner takes it back for good (unplug, close)
 */
enum vma_owner_loss {
	VMA_OWNER_MOVED,
	VMA_OWNER_TEMPORARY,
	VMA_OWNER_PERMANENT,
};

/**
 * struct vma_owner_revoke_ops - an exporter's part in revoking
 */
struct vma_owner_revoke_ops {
	/** @name: Shown in tracepoints and warnings. Mandatory. */
	const char *name;

	/**
	 * @zap: Remove the CPU mappings, as by unmap_mapping_range(). That
	 * finds the VMAs of one address_space, so ``open``, under a lock, takes
	 * the inode of the first file, by igrab(), and points f_mapping of all
	 * files to its i_mapping: a device may have several inodes. It is put where the
	 * object is freed. Before the first open there is none. Optional for
	 * memory that user space cannot map, or that the owner zaps by itself.
	 *
	 * Context: The revoke lock is held, and whatever the caller of
	 * vma_owner_revoke_begin() holds. May sleep.
	 */
	void (*zap)(void *priv);
};

/* ------------------------------------------------------------------------- */
/* Importer                                                                  */

/* Flags of vma_pin_user() */
#define VMA_PIN_WRITE	BIT(0)	/* the importer means to write */
/* Without it: map_dma only DMA_TO_DEVICE, vmap only DMA_FROM_DEVICE */

/**
 * struct vma_pin_client - an importer
 *
 * Its callbacks find the importer's data by container_of() on the pin, so all
 * of that must be ready before the pin is made: a revoke may come before
 * vma_pin_user() has returned.
 */
struct vma_pin_client {
	/** @name: Shown in debugfs, tracepoints and warnings. Mandatory. */
	const char *name;

	/**
	 * @peer2peer: Can use device memory without struct pages. Says so to
	 * dma-bufs, and only together with @invalidate; for extents it is the
	 * owner's provider that decides.
	 */
	bool peer2peer;

	/**
	 * @contiguous: Uses the memory only if it is contiguous for the device,
	 * so segments of all but dma-bufs are as long as can be, whatever
	 * dma_get_max_seg_size() says.
	 */
	bool contiguous;

	/**
	 * @no_sync: Lets device and CPU at the memory at once, and so never
	 * syncs what is mapped for the device: it hands nothing over, see "who
	 * has the memory". A device that would need it is refused the memory,
	 * -EOPNOTSUPP, or -EINVAL for a part of a cache line. Memory that is
	 * not cached, &VMA_OWNER_SYNC_NEVER, &VMA_OWNER_RAM_FIXED and
	 * &VMA_OWNER_MMIO, needs none. For a kernel mapping it says nothing; a
	 * sync by a static importer of what is mapped for a device alone is
	 * reported.
	 */
	bool no_sync;

	/**
	 * @extents_only: Uses vma_pin_get_extents() alone. Owned memory without
	 * extents counts as ordinary memory for it.
	 */
	bool extents_only;

	/**
	 * @invalidate: Stop the device: no access to the mappings of @pin may
	 * be under way on return, save one of the CPU between vma_pin_enter()
	 * and vma_pin_exit(), or of a device where the memory is surely no
	 * dma-buf. Giving it makes the importer one that can be revoked.
	 *
	 * The core has the lock of the pin and undoes the mappings when this is
	 * back, or with the last vma_pin_exit(); for VMA_OWNER_MOVED that is
	 * the mapping for the device alone, and it may be made again as soon as
	 * the lock is had. May be called more than once, before vma_pin_user()
	 * has returned, and when nothing is mapped.
	 *
	 * Context: The lock of the pin is held, and perhaps locks of the
	 * exporter. May sleep. Takes only leaf locks: locks that the importer
	 * never holds across a call that takes the lock of a pin, GUP,
	 * mmap_lock or dma_resv. Does not unpin, nor call what takes the lock
	 * of a pin, nor wait for a work item that does.
	 */
	void (*invalidate)(struct vma_pin *pin, enum vma_owner_loss why);

	/**
	 * @restore: The memory is back. May map again, by the calls that want
	 * the lock of the pin, hand over by vma_pin_sync_for_device_locked() and
	 * start the device. Optional: an importer may as well map when it next
	 * needs to. An error is logged and leaves the pin as it is. Never called
	 * for memory that has a dma-buf.
	 *
	 * Context: As @invalidate, or in vma_pin_exit() of any importer. Perhaps
	 * before vma_pin_attach(), which comes after the pin: only then may it
	 * call vma_pin_map_dma(). So a flag, set under the lock after the
	 * attach, tells what is to be mapped.
	 */
	int (*restore)(struct vma_pin *pin);
};

/**
 * struct vma_pin - a range of user memory held by an importer
 *
 * Embed it in the structure of the buffer. Only the first three members may be
 * read by an importer. The importer's own calls on one pin come one after the
 * other, save vma_pin_enter(), vma_pin_exit() and what stands between them; its
 * callbacks come at any time but while it has the lock of the pin.
 */
struct vma_pin {
	/** @client: the importer */
	const struct vma_pin_client	*client;
	/** @start: user address, untagged */
	unsigned long			start;
	/** @len: length in bytes */
	size_t				len;

	/* private: */
	unsigned int			flags;
	unsigned int			nr_pages;
	struct page			**pages;
	union {
		struct vma_owner_ref		ref;
		struct {		/* of ordinary memory */
			const void		*no_ops;
			struct page		*page;	/* @pages, if it is one */
			struct mm_struct	*seen_in; /* see still_there */
		};
	};
	struct vma_owner_revoke		*revoke;
	struct list_head		revoke_node;
	struct list_head		node;
	unsigned int			shard;	/* that @node is in */
	atomic_t			users;	/* see vma_pin_enter() */
	bool				taken;	/* let in by a revoke; its lock */
	unsigned int			seen_at; /* with @seen_in */
	u64				since;	/* jiffies */
	struct vma_pin_maps		*maps;	/* from the first mapping on */
	struct work_struct		work;
	void				(*released)(struct vma_pin *pin);
};

/*
 * What drivers/dma-buf/vma-pin.c keeps of the mappings begins with this.
 * @undo: undo those that there are, for a revoke
 * @release: the same, and free all; for the unpin
 */
struct vma_pin_maps {
	void (*undo)(struct vma_pin *pin);
	void (*release)(struct vma_pin *pin);
};

#ifdef CONFIG_VMA_OWNER

/* For owners: a handle with one reference, or an ERR_PTR; NULL is no handle */
struct vma_owner_revoke *
vma_owner_revoke_create(const struct vma_owner_revoke_ops *ops, void *priv);
void vma_owner_revoke_put(struct vma_owner_revoke *r);

/* In a fault handler, around the PTE: false is VM_FAULT_SIGBUS, and no exit */
bool vma_owner_fault_enter(struct vma_owner_revoke *r);
void vma_owner_fault_exit(struct vma_owner_revoke *r);

/* begin may run under the exporter's locks, drain runs under none */
void vma_owner_revoke_begin(struct vma_owner_revoke *r,
			    enum vma_owner_loss how);
void vma_owner_revoke_drain(struct vma_owner_revoke *r);
void vma_owner_revoke(struct vma_owner_revoke *r, enum vma_owner_loss how);
/* Once for each temporary revoke */
void vma_owner_restore(struct vma_owner_revoke *r);

/*
 * For importers: the whole range or an errno. Faults pages in: may be slow.
 * Ordinary memory is pinned FOLL_LONGTERM and for the importer to charge to
 * RLIMIT_MEMLOCK; owned memory is the owner's to account. What @pin held before
 * is ignored, @client outlives it, and a pin that failed is not unpinned.
 */
int vma_pin_user(struct vma_pin *pin, unsigned long start, size_t len,
		 unsigned int flags, const struct vma_pin_client *client);
/* As much as one object is behind; of ordinary memory only the length */
ssize_t vma_pin_user_prefix(struct vma_pin *pin, struct mm_struct *mm,
			    unsigned long start, size_t len,
			    unsigned int flags,
			    const struct vma_pin_client *client);
/*
 * Not in a callback, nor in an MMU notifier: there, stop the device and use the
 * deferred form. Callbacks of the pin may still come until @released, which
 * runs in a work item, may wait for the importer's own, and may free the pin.
 * It is optional for memory that outlives vma_unpin_barrier().
 */
void vma_unpin(struct vma_pin *pin);
void vma_unpin_deferred(struct vma_pin *pin,
			void (*released)(struct vma_pin *pin));
/* For module exit, after the last vma_unpin_deferred() */
void vma_unpin_barrier(void);
/* For who finds pins by address: false means pin again */
bool vma_pin_still_there(struct vma_pin *pin);
/* For who reads page tables of others, with the VMA locked */
bool vma_has_owner(const struct vm_area_struct *vma);

/**
 * vma_pin_is_owned - does the memory have an owner?
 * @pin: the pin, or one that vma_pin_user_prefix() was called with
 *
 * Context: Any.
 * Return: true if @pin holds an owned object, or did until a permanent revoke;
 * false if it holds pages of ordinary memory or nothing at all.
 */
static inline bool vma_pin_is_owned(const struct vma_pin *pin)
{
	/* In this order: a revoke may take @ref meanwhile */
	return pin->revoke || pin->ref.ops;
}

/* For which device, before the first map_dma; not under the lock of any pin */
int vma_pin_attach(struct vma_pin *pin, struct device *dev);

/*
 * The lock of a pin. The wait may be interrupted; one pin at a time, so that
 * who locks many objects in one ww_acquire_ctx cannot have pins among them.
 */
int vma_pin_lock(struct vma_pin *pin);
void vma_pin_unlock(struct vma_pin *pin);

/*
 * What wants it, but that dma_table and vaddr may also stand between enter and
 * exit. One mapping of each kind at a time, else -EBUSY; to undo what is not
 * mapped does nothing. dma_table and vaddr say what is mapped: NULL, if the
 * owner has taken it back, and so in a revoke's invalidate already. resv is
 * NULL without a dma-buf. These three are never an ERR_PTR; map_dma, vmap and
 * get_extents are that or the thing, never NULL.
 */
struct sg_table *vma_pin_map_dma(struct vma_pin *pin,
				 enum dma_data_direction dir);
struct sg_table *vma_pin_dma_table(struct vma_pin *pin);
struct dma_resv *vma_pin_resv(struct vma_pin *pin);
void vma_pin_unmap_dma(struct vma_pin *pin);
void *vma_pin_vmap(struct vma_pin *pin, enum dma_data_direction dir);
void *vma_pin_vaddr(struct vma_pin *pin);
void vma_pin_vunmap(struct vma_pin *pin);
/* Exported only to vfio_iommu_type1, iommufd, acrn and mshv_root */
const struct vma_owner_extents *vma_pin_get_extents(struct vma_pin *pin);
void vma_pin_put_extents(struct vma_pin *pin);
/* Of what is mapped for a device, see DOC: who has the memory */
void vma_pin_sync_for_device_locked(struct vma_pin *pin);
void vma_pin_sync_for_cpu_locked(struct vma_pin *pin);

/* What takes it. The first four are for importers without invalidate */
struct sg_table *vma_pin_map_dma_unlocked(struct vma_pin *pin,
					  struct device *dev,
					  enum dma_data_direction dir);
void vma_pin_unmap_dma_unlocked(struct vma_pin *pin);
void *vma_pin_vmap_unlocked(struct vma_pin *pin, enum dma_data_direction dir);
void vma_pin_vunmap_unlocked(struct vma_pin *pin);
/* For all, see DOC: who has the memory */
int vma_pin_sync_for_device(struct vma_pin *pin);
int vma_pin_sync_for_cpu(struct vma_pin *pin);

/*
 * An access that goes on outside it. false: nothing is mapped, and no exit. The
 * exit may sleep; not under the lock of a pin, nor one that undoing a mapping
 * or a restore takes.
 */
bool vma_pin_enter(struct vma_pin *pin);
void vma_pin_exit(struct vma_pin *pin);

/* The generic owner of mappings of a dma-buf, see DOC: a static exporter */
extern const struct vma_owner_ops dma_buf_vma_owner_ops;
extern const struct vma_owner_ops dma_buf_cached_vma_owner_ops;
void dma_buf_own_vma(struct vm_area_struct *vma);
void dma_buf_own_cached_vma(struct vm_area_struct *vma);

/* Between mm/vma_owner.c and drivers/dma-buf/vma-pin.c, not for drivers */
int vma_pin_revoke_lock(struct vma_pin *pin, bool killable);
void vma_pin_revoke_unlock(struct vma_pin *pin);
void vma_pin_assert_locked(const struct vma_pin *pin);
void vma_pin_lock_acquire(void);
void vma_pin_lock_release(void);
void vma_pin_may_lock(void);
void vma_pin_may_lock_any(void);
bool vma_pin_is_closed(const struct vma_pin *pin);
int vma_pin_may_map(struct vma_pin *pin);
void vma_pin_mapped(struct vma_pin *pin);
void vma_pin_invalidate(struct vma_pin *pin, enum vma_owner_loss why);

/* For KUnit */
extern atomic_t vma_owner_revoke_nr;
extern unsigned long vma_owner_patience;

#else /* !CONFIG_VMA_OWNER */

/* For owners. Importers select the option, and so do owners that revoke */

static inline void dma_buf_own_vma(struct vm_area_struct *vma) { }
static inline void dma_buf_own_cached_vma(struct vm_area_struct *vma) { }

static inline bool vma_has_owner(const struct vm_area_struct *vma)
{
	return false;
}

#endif /* CONFIG_VMA_OWNER */

#endif /* _LINUX_VMA_OWNER_H */
