/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counted, revocable references to the memory behind a driver's VMA.
 *
 * See Documentation/mm/vma_owner.rst, which is drawn from the comments here
 * and in mm/vma_owner.c.
 */
#ifndef _LINUX_VMA_OWNER_H
#define _LINUX_VMA_OWNER_H

#include <linux/bits.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/iosys-map.h>
#include <linux/list.h>
#include <linux/mm_types.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct device;
struct dma_buf;
struct dma_buf_attachment;
struct file;
struct module;
struct p2pdma_provider;
struct sg_table;
struct vma_owner_obj_ops;
struct vma_owner_revoke;
struct vma_pin;

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
 *   physical extents (vma_pin_get_extents()). A mapping is live until it is
 *   undone.
 * - A *static* owner promises the memory until the last pin is gone. A
 *   *revocable* owner may take it back: vma_owner_revoke() makes new pins and
 *   mappings fail, tells every importer to stop and returns when no mapping is
 *   live. The pins stay, as promises that the object is not freed; after a
 *   permanent revoke even that is dropped and they are empty shells.
 *
 * The life ends with vma_unpin(), which undoes the mappings that are left and
 * puts object and module. Ordinary memory goes through the same calls: it has
 * no owner, and its pages are pinned by pin_user_pages_fast().
 */

/**
 * DOC: errors
 *
 * Every call that fails leaves nothing behind, and says why:
 *
 * ==================  =======================================================
 * ``-EFAULT``         No such memory for you: unmapped or partly mapped, not
 *                     readable, not writable though asked, a copy-on-write
 *                     mapping of owned memory, two objects in one range, owned
 *                     and ordinary memory in one range, a range that ends
 *                     beyond its object, VM_IO or VM_PFNMAP memory of which
 *                     nobody is the owner
 * ``-ENODEV``         The owner has revoked the memory, or its module is
 *                     going away
 * ``-EOPNOTSUPP``     Revocable memory asked for by an importer that cannot
 *                     be revoked, an operation the owner does not offer, or
 *                     memory that the device cannot use without syncs which
 *                     its exporter does not have
 * ``-EINVAL``         Zero length, an address range that overflows, a DMA
 *                     direction that a pin without VMA_PIN_WRITE does not
 *                     allow; unknown flags and a client without a name, which
 *                     warn as well: never pass on the flags of user space
 * ``-EBUSY``          The pin has a live mapping of that kind already
 * ``-EIO``            The DMA API refuses: the memory is beyond the device's
 *                     DMA mask and is of a kind that cannot be bounced
 * ``-ENOMEM``         Out of memory, or the owner's answer when it accounts
 *                     pins itself; likewise ``-EDQUOT``
 * ``-EINTR``          A fatal signal arrived while waiting for mmap_lock, or
 *                     any signal while waiting for the dma_resv of a dma-buf or
 *                     its fences (then perhaps ``-ERESTARTSYS``)
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
 * @prot: page protection of the VMA
 * @write: the importer means to write
 *
 * Filled by the core from a locked VMA. The VMA itself is never handed out,
 * so an owner cannot come to depend on page tables or on a VMA staying put.
 */
struct vma_owner_query {
	struct file	*file;
	void		*private_data;
	pgoff_t		pgoff;
	size_t		len;
	pgprot_t	prot;
	bool		write;
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
 * CONFIG_VMA_OWNER, so set it inside #ifdef, or depend on the option.
 */
struct vma_owner_ops {
	/**
	 * @tryget: Mandatory. Name the object behind @q, take a reference to
	 * it and fill @ref. Where the VMA holds a reference, of its own or by
	 * its file, a plain increment will do; otherwise increment unless zero.
	 * Neither the range nor the permissions nor a revoke need be looked at:
	 * the core compares the range with the size, and asks @revocable.
	 *
	 * Returns 0, -ENOENT for "not mine" (the VMA then counts as one
	 * without owner), -ENODEV when the object is dead, or the owner's own
	 * reason to refuse (-ENOMEM, -EDQUOT, -EPERM).
	 *
	 * Context: The rules of &vm_operations_struct.fault. The VMA lock or
	 * mmap_lock is held for reading. May sleep and take leaf locks of the
	 * exporter; never a queue lock, a dma_resv or mmap_lock. Must not
	 * create a dma-buf.
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
 * @vec: extents in the order of the object's offsets, exactly as long as asked
 * @nr: number of entries in @vec
 * @type: memory type
 * @prot: page protection to map the memory with
 * @provider: p2pdma provider of MMIO; without one only IOMMU importers can use
 *	it, and vma_pin_map_dma() answers -EOPNOTSUPP
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
 * struct vma_owner_obj_ops - what an owned object can do
 *
 * Any subset but @name, @module and @put. An object that offers @get_dmabuf is
 * reached through its dma-buf alone: the extents, vmap and revocable members
 * are then not used, since the dma-buf's exporter moves and revokes by itself.
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
	 * but never mmap_lock. If @module is already being unloaded the core
	 * calls it under the VMA lock.
	 */
	void (*put)(void *obj);

	/**
	 * @get_dmabuf: Hand out a dma-buf of the object with a reference, or
	 * an ERR_PTR. May create one, but must not store it in the object: the
	 * two would keep each other alive. Offset 0 of the dma-buf is offset 0
	 * of the object. Called once for a pin, when it is mapped first.
	 *
	 * Context: Process context, may sleep. No lock of the core is held;
	 * the importer's outer locks may be.
	 */
	struct dma_buf *(*get_dmabuf)(void *obj);

	/**
	 * @vmap: Give a kernel mapping of the whole object. Each pin asks for
	 * one of its own and gives it back by @vunmap.
	 *
	 * Context: As @get_extents.
	 */
	int (*vmap)(void *obj, struct iosys_map *map);

	/** @vunmap: Undo @vmap. Mandatory with it. Context: As @put_extents. */
	void (*vunmap)(void *obj, struct iosys_map *map);

	/**
	 * @get_extents: Fill @x for @len bytes from @offset of the object.
	 * Both lie within the object's size and need not be page aligned.
	 *
	 * Context: May sleep. Runs inside &vma_pin_client.restore too, hence
	 * perhaps under the revoke lock and whatever the exporter holds around
	 * vma_owner_restore().
	 */
	int (*get_extents)(void *obj, u64 offset, u64 len,
			   struct vma_owner_extents *x);

	/**
	 * @put_extents: Undo @get_extents. Mandatory with it.
	 *
	 * Context: May sleep. Runs inside &vma_pin_client.invalidate too,
	 * hence perhaps under the revoke lock and whatever the exporter holds
	 * around vma_owner_revoke_begin().
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
 * enum vma_owner_loss - for how long an owner takes its memory back
 * @VMA_OWNER_TEMPORARY: until vma_owner_restore() (a reset, decode turned off);
 *	temporary losses nest by count
 * @VMA_OWNER_PERMANENT: for good (unplug, close)
 */
enum vma_owner_loss {
	VMA_OWNER_TEMPORARY,
	VMA_OWNER_PERMANENT,
};

/**
 * struct vma_owner_revoke_ops - an exporter's part in revoking
 */
struct vma_owner_revoke_ops {
	/** @name: Shown in debugfs, tracepoints and warnings. Mandatory. */
	const char *name;

	/**
	 * @zap: Remove the CPU mappings, as by unmap_mapping_range(). That
	 * finds the VMAs of one address_space, so all files of the device must
	 * share one, see DOC: revoking. Optional for memory that user space
	 * cannot map.
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

/**
 * enum vma_pin_loss - why an importer must stop
 * @VMA_PIN_MOVED: the memory moves; map again at once, unless the map says
 *	-ENODEV. Given by dma-buf exporters, under the dma_resv of the dma-buf.
 * @VMA_PIN_REVOKED: taken back until &vma_pin_client.restore
 * @VMA_PIN_GONE: taken back for good
 */
enum vma_pin_loss {
	VMA_PIN_MOVED,
	VMA_PIN_REVOKED,
	VMA_PIN_GONE,
};

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

	/** @peer2peer: Can use device memory without struct pages. */
	bool peer2peer;

	/**
	 * @contiguous: Uses the memory only if it is contiguous for the device,
	 * so segments of ordinary memory are as long as can be, whatever
	 * dma_get_max_seg_size() says.
	 */
	bool contiguous;

	/**
	 * @invalidate: Stop using the mappings of @pin. Giving it makes the
	 * importer one that can be revoked.
	 *
	 * All access must have stopped on return, and the mappings are to be
	 * undone here by vma_pin_unmap_dma() and its like, or soon after by
	 * whoever is using them: vma_owner_revoke() waits for that. For
	 * VMA_PIN_MOVED that is the mapping for the device alone, and it is
	 * not mapped again in here. Must not unpin.
	 *
	 * May be called more than once, before vma_pin_user() has returned, and
	 * while a mapping call of the importer is under way. So set a flag under
	 * a leaf lock here, undo what a mapping call has returned and that lock
	 * covers, and let the importer test the flag under the lock once its
	 * mapping call is back. The importer uses a mapping under that lock, or
	 * makes the callback leave it alone meanwhile. Copying to or from user
	 * space takes mmap_lock, so it goes by a buffer in between.
	 *
	 * A work item that undoes mappings is queued under the leaf lock, and
	 * only if there is one to undo; it tests the flag under that lock again,
	 * since restore may have mapped meanwhile. Before it unpins, the importer
	 * says under the lock that restore shall not map again, undoes its mapping
	 * there, and flushes the work item: otherwise the item may run beside
	 * vma_unpin(), or when the pin is gone.
	 *
	 * Context: The revoke lock or, for VMA_PIN_MOVED, the dma_resv of the
	 * dma-buf is held, and perhaps locks of the exporter. May sleep. Takes
	 * only leaf locks: locks the importer never holds across vma_pin_user(),
	 * vma_unpin(), GUP, mmap_lock or dma_resv.
	 */
	void (*invalidate)(struct vma_pin *pin, enum vma_pin_loss why);

	/**
	 * @restore: The memory is back, map again what was mapped. Optional: an
	 * importer may as well map when it next needs to. An error is logged,
	 * leaves the pin as it is, and is followed by another try at the next
	 * restore. Never called for memory that has a dma-buf.
	 *
	 * Map only what the importer had asked to be mapped. What this maps must
	 * not meet a mapping call of the importer's own, and the lock that
	 * serialises those is no leaf lock. A bit that is set around mapping
	 * calls, and tried but not waited for in here, will do; but a call that
	 * has looked before the memory was back will fail, so let it be tried
	 * again.
	 *
	 * Context: As @invalidate.
	 */
	int (*restore)(struct vma_pin *pin);
};

/**
 * struct vma_pin - a range of user memory held by an importer
 *
 * Embed it in the structure of the buffer. Only the first three members may be
 * read by an importer. The calls on one pin are serialised by the importer,
 * save that callbacks come at any time and may undo what is mapped.
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
	struct vma_owner_ref		ref;
	struct vma_owner_revoke		*revoke;
	struct list_head		revoke_node;
	struct list_head		node;
	unsigned long			since;

	/* mappings, kept by drivers/dma-buf/vma-pin.c */
	void				(*release)(struct vma_pin *pin);
	struct dma_buf			*dmabuf;
	struct dma_buf_attachment	*attach;
	struct task_struct		*resv_holder;
	struct device			*dev;
	enum dma_data_direction		dir;
	struct sg_table			*sgt;
	struct sg_table			*whole;
	struct mutex			sync_lock;	/* sgt of extents */
	struct vma_owner_extents	dma_extents;
	struct dma_iova_state		iova;		/* of @dma_extents */
	struct vma_owner_extents	extents;
	struct iosys_map		map;
	enum dma_data_direction		sync_dir;	/* of @begun */
	bool				for_device;	/* handed over */
	bool				begun;		/* CPU access of @dmabuf */

	struct work_struct		work;
	void				(*released)(struct vma_pin *pin);
};

#ifdef CONFIG_VMA_OWNER

struct vma_owner_revoke *
vma_owner_revoke_create(const struct vma_owner_revoke_ops *ops, void *priv);
void vma_owner_revoke_put(struct vma_owner_revoke *r);
bool vma_owner_fault_enter(struct vma_owner_revoke *r, int *idx);
void vma_owner_fault_exit(int idx);
void vma_owner_revoke_begin(struct vma_owner_revoke *r,
			    enum vma_owner_loss how);
void vma_owner_revoke_drain(struct vma_owner_revoke *r);
void vma_owner_revoke(struct vma_owner_revoke *r, enum vma_owner_loss how);
void vma_owner_restore(struct vma_owner_revoke *r);

int vma_pin_user(struct vma_pin *pin, unsigned long start, size_t len,
		 unsigned int flags, const struct vma_pin_client *client);
ssize_t vma_pin_user_prefix(struct vma_pin *pin, struct mm_struct *mm,
			    unsigned long start, size_t len,
			    unsigned int flags,
			    const struct vma_pin_client *client);
void vma_unpin(struct vma_pin *pin);
void vma_unpin_deferred(struct vma_pin *pin,
			void (*released)(struct vma_pin *pin));
void vma_unpin_barrier(void);
bool vma_pin_still_there(const struct vma_pin *pin);

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
	return pin->ref.ops || pin->revoke;
}

struct sg_table *vma_pin_map_dma(struct vma_pin *pin, struct device *dev,
				 enum dma_data_direction dir);
void vma_pin_unmap_dma(struct vma_pin *pin);
void *vma_pin_vmap(struct vma_pin *pin, enum dma_data_direction dir);
void vma_pin_vunmap(struct vma_pin *pin);
const struct vma_owner_extents *vma_pin_get_extents(struct vma_pin *pin);
void vma_pin_put_extents(struct vma_pin *pin);
int vma_pin_sync_for_device(struct vma_pin *pin);
int vma_pin_sync_for_cpu(struct vma_pin *pin);

/* The generic owner of mappings of a dma-buf, in drivers/dma-buf/ */
extern const struct vma_owner_ops dma_buf_vma_owner_ops;
void dma_buf_own_vma(struct vm_area_struct *vma);

/* Between mm/vma_owner.c and drivers/dma-buf/vma-pin.c, not for drivers */
int vma_pin_map_begin(struct vma_pin *pin);
void vma_pin_map_end(struct vma_pin *pin);
void vma_pin_invalidate(struct vma_pin *pin, enum vma_pin_loss why);

#else /* !CONFIG_VMA_OWNER */

static inline void dma_buf_own_vma(struct vm_area_struct *vma) { }

static inline struct vma_owner_revoke *
vma_owner_revoke_create(const struct vma_owner_revoke_ops *ops, void *priv)
{
	return NULL;
}

static inline void vma_owner_revoke_put(struct vma_owner_revoke *r) { }

static inline bool vma_owner_fault_enter(struct vma_owner_revoke *r, int *idx)
{
	return true;
}

static inline void vma_owner_fault_exit(int idx) { }
static inline void vma_owner_revoke_begin(struct vma_owner_revoke *r,
					  enum vma_owner_loss how) { }
static inline void vma_owner_revoke_drain(struct vma_owner_revoke *r) { }
static inline void vma_owner_revoke(struct vma_owner_revoke *r,
				    enum vma_owner_loss how) { }
static inline void vma_owner_restore(struct vma_owner_revoke *r) { }

static inline int vma_pin_user(struct vma_pin *pin, unsigned long start,
			       size_t len, unsigned int flags,
			       const struct vma_pin_client *client)
{
	return -EOPNOTSUPP;
}

static inline ssize_t
vma_pin_user_prefix(struct vma_pin *pin, struct mm_struct *mm,
		    unsigned long start, size_t len, unsigned int flags,
		    const struct vma_pin_client *client)
{
	return -EOPNOTSUPP;
}

static inline void vma_unpin(struct vma_pin *pin) { }
static inline void vma_unpin_deferred(struct vma_pin *pin,
				      void (*released)(struct vma_pin *pin)) { }
static inline void vma_unpin_barrier(void) { }

static inline bool vma_pin_still_there(const struct vma_pin *pin)
{
	return true;
}

static inline bool vma_pin_is_owned(const struct vma_pin *pin)
{
	return false;
}

static inline struct sg_table *vma_pin_map_dma(struct vma_pin *pin,
					       struct device *dev,
					       enum dma_data_direction dir)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static inline void vma_pin_unmap_dma(struct vma_pin *pin) { }

static inline void *vma_pin_vmap(struct vma_pin *pin,
				 enum dma_data_direction dir)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static inline void vma_pin_vunmap(struct vma_pin *pin) { }

static inline const struct vma_owner_extents *
vma_pin_get_extents(struct vma_pin *pin)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static inline void vma_pin_put_extents(struct vma_pin *pin) { }

static inline int vma_pin_sync_for_device(struct vma_pin *pin)
{
	return -EOPNOTSUPP;
}

static inline int vma_pin_sync_for_cpu(struct vma_pin *pin)
{
	return -EOPNOTSUPP;
}

#endif /* CONFIG_VMA_OWNER */

#endif /* _LINUX_VMA_OWNER_H */
