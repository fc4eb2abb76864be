/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM vma_owner

#if !defined(_TRACE_VMA_OWNER_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_VMA_OWNER_H

#include <linux/tracepoint.h>
#include <linux/vma_owner.h>

TRACE_EVENT(vma_owner_get,

	TP_PROTO(const struct vma_owner_ref *ref, unsigned long addr),

	TP_ARGS(ref, addr),

	TP_STRUCT__entry(
		__string(owner, ref->ops->name)
		__field(const void *, obj)
		__field(unsigned long, addr)
		__field(u64, offset)
	),

	TP_fast_assign(
		__assign_str(owner);
		__entry->obj = ref->obj;
		__entry->addr = addr;
		__entry->offset = ref->offset;
	),

	TP_printk("owner=%s obj=%p addr=%#lx offset=%#llx", __get_str(owner),
		  __entry->obj, __entry->addr, __entry->offset)
);

DECLARE_EVENT_CLASS(vma_pin,

	TP_PROTO(const struct vma_pin *pin),

	TP_ARGS(pin),

	TP_STRUCT__entry(
		__string(importer, pin->client->name)
		__field(const void *, pin)
		__field(unsigned long, start)
		__field(size_t, len)
	),

	TP_fast_assign(
		__assign_str(importer);
		__entry->pin = pin;
		__entry->start = pin->start;
		__entry->len = pin->len;
	),

	TP_printk("importer=%s pin=%p start=%#lx len=%zu",
		  __get_str(importer), __entry->pin, __entry->start,
		  __entry->len)
);

DEFINE_EVENT(vma_pin, vma_pin,
	TP_PROTO(const struct vma_pin *pin),
	TP_ARGS(pin)
);

DEFINE_EVENT(vma_pin, vma_pin_map,
	TP_PROTO(const struct vma_pin *pin),
	TP_ARGS(pin)
);

DEFINE_EVENT(vma_pin, vma_unpin,
	TP_PROTO(const struct vma_pin *pin),
	TP_ARGS(pin)
);

DECLARE_EVENT_CLASS(vma_owner_revoke,

	TP_PROTO(const char *name, const void *revoke, bool gone,
		 unsigned int nested, int pending),

	TP_ARGS(name, revoke, gone, nested, pending),

	TP_STRUCT__entry(
		__string(name, name)
		__field(const void *, revoke)
		__field(bool, gone)
		__field(unsigned int, nested)
		__field(int, pending)
	),

	TP_fast_assign(
		__assign_str(name);
		__entry->revoke = revoke;
		__entry->gone = gone;
		__entry->nested = nested;
		__entry->pending = pending;
	),

	TP_printk("owner=%s revoke=%p %s nested=%u pending=%d",
		  __get_str(name), __entry->revoke,
		  __entry->gone ? "gone" : "temporary", __entry->nested,
		  __entry->pending)
);

DEFINE_EVENT(vma_owner_revoke, vma_owner_revoke,
	TP_PROTO(const char *name, const void *revoke, bool gone,
		 unsigned int nested, int pending),
	TP_ARGS(name, revoke, gone, nested, pending)
);

DEFINE_EVENT(vma_owner_revoke, vma_owner_restore,
	TP_PROTO(const char *name, const void *revoke, bool gone,
		 unsigned int nested, int pending),
	TP_ARGS(name, revoke, gone, nested, pending)
);

DEFINE_EVENT(vma_owner_revoke, vma_owner_drain,
	TP_PROTO(const char *name, const void *revoke, bool gone,
		 unsigned int nested, int pending),
	TP_ARGS(name, revoke, gone, nested, pending)
);

#endif /* _TRACE_VMA_OWNER_H */

/* This part must be outside protection */
#include <trace/define_trace.h>
