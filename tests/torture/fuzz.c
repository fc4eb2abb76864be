// SPDX-License-Identifier: GPL-2.0
/*
 * Random sequences of what user space can say to the samples and to mmap and its family,
 * against a shadow that knows each answer and each byte. A sequence that fails is cut
 * down to the shortest that still does, and printed as a C program.
 *
 * vo_seed=N repeats a run, vo_sequences=N sets how many of them (200). What the fuzzer
 * would do on a failure is shown first, by a shadow that is wrong on purpose.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "memory.h"
#include "observe.h"
#include "samples.h"
#include "vma_owner_sample.h"

#define EXPORTER	"vma_owner_exporter"
#define IMPORTER	"vma_owner_importer"
#define REVOKE		"/sys/devices/platform/" EXPORTER "/revoke"

#define PAGE		4096UL
#define OBJECT		8		/* pages of an object */
#define AREA		16		/* pages of the address space that is used */
#define PINS		6
#define LENGTH		60		/* of a sequence */
#define BOTH		(VMA_SAMPLE_DMA | VMA_SAMPLE_KERNEL)

/* Whose memory */
enum object { NONE, EXPORTED, HEAP, ORDINARY, OBJECTS };

enum what {
	MMAP, MUNMAP, MPROTECT, MREMAP, POKE, PEEK, PIN, UNPIN, MAP, UNMAP, READ, WRITE, REPORT,
	TEMPORARY, RESTORE, PERMANENT, REOPEN, WHATS
};

static const unsigned char weights[WHATS] = {
	[MMAP] = 14, [MUNMAP] = 4, [MPROTECT] = 5, [MREMAP] = 4, [POKE] = 8, [PEEK] = 8, [PIN] = 14,
	[UNPIN] = 4, [MAP] = 10, [UNMAP] = 4, [READ] = 10, [WRITE] = 8, [REPORT] = 6,
	[TEMPORARY] = 3, [RESTORE] = 4, [PERMANENT] = 1, [REOPEN] = 1,
};

/* Numbers as they are used, so that a shorter sequence means the same */
struct op {
	enum what what;
	unsigned int at, nr, to;	/* pages */
	unsigned int skip, len;		/* bytes */
	unsigned int flags;		/* prot, flags of a pin, mappings */
	unsigned int pin;
	enum object object;
	unsigned char byte;
};

struct page {
	enum object object;
	unsigned int index, prot;
	unsigned char *bytes;
};

struct pin {
	bool live, is_static, write;
	__u32 id;
	enum object object;
	unsigned int skip, len, wanted;
	unsigned char *bytes[AREA];
	bool told;			/* that it is gone or taken back */
};

/* ---- the shadow ---- */

static struct page pages[AREA];
static struct pin pins[PINS];
static unsigned char shadow[2][OBJECT * PAGE];
static unsigned char ordinary[256][PAGE];
static unsigned int nr_ordinary, nested;
static unsigned long compared;		/* copies that went through */
static bool gone;
/* Wrong on purpose: does not know that pages out of order do not adjoin */
static bool lie;

static int exporter = -1, importer = -1, heap = -1;
static unsigned char *area;
static char why[160];

static bool wrong(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	return false;
}

static const char *name_of(int ret)
{
	return ret < 0 ? errno_name(-ret) : "0";
}

static bool as_told(int ret, int want)
{
	if (ret == want)
		return true;
	return wrong("%s and not %s", name_of(ret), name_of(want));
}

static bool lost(const struct pin *p)
{
	return p->object == EXPORTED && (nested || gone);
}

static bool page_lost(const struct page *p)
{
	return p->object == EXPORTED && (nested || gone);
}

static int file_of(enum object object)
{
	return object == EXPORTED ? exporter : object == HEAP ? heap : -1;
}

/* No two bytes near each other are alike, so that one from a wrong place is seen */
static void fill(unsigned char *to, unsigned char *too, size_t len, unsigned int seed)
{
	size_t i;

	for (i = 0; i < len; i++)
		to[i] = i * 31 + (i >> 8) * 7 + seed;
	memcpy(too, to, len);
}

static bool do_mmap(const struct op *op)
{
	int flags = op->object == ORDINARY ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
	unsigned int i;
	void *at;

	/* What does not fit is refused when what was there has gone already */
	munmap(area + op->at * PAGE, op->nr * PAGE);
	memset(&pages[op->at], 0, op->nr * sizeof(pages[0]));
	at = mmap(area + op->at * PAGE, op->nr * PAGE, op->flags, flags | MAP_FIXED,
		  file_of(op->object), op->to * PAGE);
	if (!as_told(at == MAP_FAILED ? -errno : 0, 0))
		return false;
	for (i = 0; i < op->nr; i++) {
		struct page *p = &pages[op->at + i];

		p->object = op->object;
		p->index = op->to + i;
		p->prot = op->flags;
		if (op->object == ORDINARY) {
			p->bytes = ordinary[nr_ordinary++];
			memset(p->bytes, 0, PAGE);
			if (op->flags & PROT_WRITE)
				fill(p->bytes, area + (op->at + i) * PAGE, PAGE, nr_ordinary);
		} else {
			p->bytes = shadow[op->object - EXPORTED] + p->index * PAGE;
		}
	}
	return true;
}

static bool do_munmap(const struct op *op)
{
	memset(&pages[op->at], 0, op->nr * sizeof(pages[0]));
	return as_told(munmap(area + op->at * PAGE, op->nr * PAGE) ? -errno : 0, 0);
}

static bool do_mprotect(const struct op *op)
{
	unsigned int i;

	for (i = 0; i < op->nr; i++)
		if (!pages[op->at + i].object)
			return true;
	for (i = 0; i < op->nr; i++)
		pages[op->at + i].prot = op->flags;
	return as_told(mprotect(area + op->at * PAGE, op->nr * PAGE, op->flags) ? -errno : 0, 0);
}

/* A page: more of them may be more than one mapping */
static bool do_mremap(const struct op *op)
{
	void *at;

	if (!pages[op->at].object || op->at == op->to)
		return true;
	munmap(area + op->to * PAGE, PAGE);
	at = mremap(area + op->at * PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		    area + op->to * PAGE);
	pages[op->to] = pages[op->at];
	memset(&pages[op->at], 0, sizeof(pages[0]));
	return as_told(at == MAP_FAILED ? -errno : 0, 0);
}

/* By the kernel, whose fault is an errno */
static bool touch(const struct op *op, bool write_it)
{
	struct page *p = &pages[op->at];
	unsigned char *at = area + op->at * PAGE + op->skip, byte = op->byte;
	int pipes[2], ret, want = 0;

	if (pipe(pipes))
		return true;
	ret = write(pipes[1], write_it ? &byte : at, 1) == 1 &&
	      read(pipes[0], write_it ? at : &byte, 1) == 1 ? 0 : -errno;
	close(pipes[0]);
	close(pipes[1]);
	if (!p->object || !(p->prot & (write_it ? PROT_WRITE : PROT_READ)) || page_lost(p))
		want = -EFAULT;
	if (!as_told(ret, want))
		return false;
	if (!ret && write_it)
		p->bytes[op->skip] = byte;
	if (!ret && byte != p->bytes[op->skip])
		return wrong("%#x and not %#x", byte, p->bytes[op->skip]);
	return true;
}

static int answer(const struct op *op, unsigned int nr)
{
	unsigned int need = op->flags & VMA_SAMPLE_FOR_WRITE ? PROT_WRITE : PROT_READ, i;
	const struct page *first = &pages[op->at];

	for (i = 0; i < nr; i++) {
		const struct page *p = first + i;

		if (!p->object || p->object != first->object || !(p->prot & need))
			return -EFAULT;
		if (p->object != ORDINARY && p->index != first->index + i && !lie)
			return -EFAULT;
	}
	if (first->object != EXPORTED)
		return 0;
	if (op->flags & VMA_SAMPLE_STATIC)
		return -EOPNOTSUPP;
	return nested || gone ? -ENODEV : 0;
}

static bool do_pin(const struct op *op)
{
	struct vma_sample_pin arg = {
		.addr = (uintptr_t)area + op->at * PAGE + op->skip, .len = op->len,
		.flags = op->flags,
	};
	unsigned int nr = (op->skip + op->len + PAGE - 1) / PAGE, i;
	struct pin *p = &pins[op->pin];
	int ret;

	if (p->live)
		return true;
	ret = ioctl(importer, VMA_SAMPLE_IOC_PIN, &arg) ? -errno : 0;
	if (!as_told(ret, answer(op, nr)))
		return false;
	if (ret)
		return true;
	*p = (struct pin) {
		.live = true, .id = arg.id, .object = pages[op->at].object, .skip = op->skip,
		.len = op->len, .is_static = op->flags & VMA_SAMPLE_STATIC,
		.write = op->flags & VMA_SAMPLE_FOR_WRITE,
	};
	for (i = 0; i < nr; i++)
		p->bytes[i] = pages[op->at + i].bytes;
	return true;
}

static bool do_unpin(const struct op *op)
{
	struct pin *p = &pins[op->pin];
	bool live = p->live;
	__u32 id = live ? p->id : 999;

	p->live = false;
	return as_told(ioctl(importer, VMA_SAMPLE_IOC_UNPIN, &id) ? -errno : 0,
		       live ? 0 : -ENOENT);
}

static bool do_map(const struct op *op, unsigned long cmd)
{
	struct pin *p = &pins[op->pin];
	struct vma_sample_map arg = { .id = p->live ? p->id : 999, .mappings = op->flags };
	int ret = ioctl(importer, cmd, &arg) ? -errno : 0;

	if (!p->live)
		return as_told(ret, -ENOENT);
	if (cmd == VMA_SAMPLE_IOC_MAP)
		p->wanted |= op->flags;
	else
		p->wanted &= ~op->flags;
	if (!lost(p) || !p->wanted)
		p->told = false;
	return as_told(ret, lost(p) && p->wanted ? -ENODEV : 0);
}

static unsigned char *byte_of(struct pin *p, unsigned int at)
{
	at += p->skip;
	return p->bytes[at / PAGE] + at % PAGE;
}

static bool do_copy(const struct op *op, bool write_it)
{
	static unsigned char bytes[2 * PAGE];
	struct pin *p = &pins[op->pin];
	struct vma_sample_copy arg = {
		.user = (uintptr_t)bytes, .offset = op->skip, .len = op->len % sizeof(bytes),
		.id = p->live ? p->id : 999,
	};
	unsigned int i;
	int ret, want = 0;

	memset(bytes, op->byte, sizeof(bytes));
	ret = ioctl(importer, write_it ? VMA_SAMPLE_IOC_WRITE : VMA_SAMPLE_IOC_READ, &arg) ?
	      -errno : 0;
	if (!p->live)
		want = -ENOENT;
	else if (!(p->wanted & VMA_SAMPLE_KERNEL))
		want = -EINVAL;
	else if (write_it && !p->write)
		want = -EACCES;
	else if (arg.offset > p->len || arg.len > p->len - arg.offset)
		want = -EINVAL;
	else if (lost(p))
		want = -ENODEV;
	if (!as_told(ret, want))
		return false;
	compared += !ret && arg.len;
	for (i = 0; !ret && i < arg.len; i++) {
		unsigned char *byte = byte_of(p, arg.offset + i);

		if (write_it)
			*byte = bytes[i];
		else if (*byte != bytes[i])
			return wrong("byte %u is %#x and not %#x", i, bytes[i], *byte);
	}
	return true;
}

static bool do_report(const struct op *op)
{
	struct pin *p = &pins[op->pin];
	struct vma_sample_report arg = { .id = p->live ? p->id : 999 };
	int ret = ioctl(importer, VMA_SAMPLE_IOC_REPORT, &arg) ? -errno : 0;
	unsigned int mappings, state = VMA_SAMPLE_HELD;

	if (!as_told(ret, p->live ? 0 : -ENOENT) || ret)
		return !p->live;
	mappings = lost(p) ? 0 : p->wanted;
	if (lost(p) && p->told)
		state = gone ? VMA_SAMPLE_GONE : VMA_SAMPLE_REVOKED;
	if (arg.mappings != mappings)
		return wrong("mappings %u and not %u", arg.mappings, mappings);
	if (arg.owned != (p->object != ORDINARY))
		return wrong("owned %u", arg.owned);
	if (arg.dma_bytes != (mappings & VMA_SAMPLE_DMA ? p->len : 0))
		return wrong("%llu bytes for DMA of %u", (unsigned long long)arg.dma_bytes, p->len);
	if (arg.state != state)
		return wrong("state %u and not %u", arg.state, state);
	return true;
}

static int write_revoke(const char *what)
{
	int fd = open(REVOKE, O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, what, strlen(what)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static void tell(bool told)
{
	unsigned int i;

	for (i = 0; i < PINS; i++)
		if (pins[i].live && pins[i].object == EXPORTED)
			pins[i].told = told;
}

static bool do_temporary(void)
{
	int ret = write_revoke("temporary");

	if (!nested++ && !gone)
		tell(true);
	return as_told(ret, 0);
}

static bool do_restore(void)
{
	int ret = write_revoke("restore"), want = nested ? 0 : -EINVAL;

	if (nested && !--nested && !gone)
		tell(false);
	return as_told(ret, want);
}

static bool do_permanent(void)
{
	int ret = write_revoke("permanent");

	gone = true;
	tell(true);
	return as_told(ret, 0);
}

static bool do_reopen(void)
{
	unsigned int i;

	close(importer);
	for (i = 0; i < PINS; i++)
		pins[i].live = false;
	importer = open("/dev/" IMPORTER, O_RDWR | O_CLOEXEC);
	return as_told(importer < 0 ? -errno : 0, 0);
}

static bool do_op(const struct op *op)
{
	switch (op->what) {
	case MMAP:
		return do_mmap(op);
	case MUNMAP:
		return do_munmap(op);
	case MPROTECT:
		return do_mprotect(op);
	case MREMAP:
		return do_mremap(op);
	case POKE:
	case PEEK:
		return touch(op, op->what == POKE);
	case PIN:
		return do_pin(op);
	case UNPIN:
		return do_unpin(op);
	case MAP:
		return do_map(op, VMA_SAMPLE_IOC_MAP);
	case UNMAP:
		return do_map(op, VMA_SAMPLE_IOC_UNMAP);
	case READ:
	case WRITE:
		return do_copy(op, op->what == WRITE);
	case REPORT:
		return do_report(op);
	case TEMPORARY:
		return do_temporary();
	case RESTORE:
		return do_restore();
	case PERMANENT:
		return do_permanent();
	default:
		return do_reopen();
	}
}

/* ---- chance ---- */

static uint64_t state;

static unsigned int rnd(unsigned int n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state >> 32) % n;
}

static unsigned int some_prot(void)
{
	static const unsigned int prots[] = {
		PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ,
		PROT_NONE,
	};

	return prots[rnd(sizeof(prots) / sizeof(prots[0]))];
}

static struct op some_op(void)
{
	unsigned int all = 0, at, i;
	struct op op = {};

	for (i = 0; i < WHATS; i++)
		all += weights[i];
	at = rnd(all);
	for (i = 0; at >= weights[i]; i++)
		at -= weights[i];
	op.what = i;
	op.nr = 1 + rnd(4);
	op.at = rnd(AREA - op.nr + 1);
	op.to = op.what == MREMAP ? rnd(AREA) : rnd(OBJECT - op.nr + 1);
	op.object = EXPORTED + rnd(3);
	if (op.object == HEAP && heap < 0)
		op.object = EXPORTED;
	/* Most of what is done with pins needs the same one several times */
	op.pin = rnd(2) ? 0 : rnd(PINS);
	op.byte = rnd(256);
	op.skip = rnd(3) ? 0 : rnd(PAGE);
	op.len = op.nr * PAGE - op.skip;
	if (!rnd(3))
		op.len -= rnd(op.len < PAGE ? op.len : PAGE);
	op.flags = some_prot();
	if (op.what == PIN)
		op.flags = (rnd(2) ? VMA_SAMPLE_FOR_WRITE : 0) | (rnd(4) ? 0 : VMA_SAMPLE_STATIC);
	if (op.what == MAP || op.what == UNMAP)
		op.flags = rnd(4) ? BOTH : 1 + rnd(2);
	if (op.what == READ || op.what == WRITE) {
		op.skip = rnd(3) ? rnd(PAGE) : rnd(4 * PAGE);
		op.len = rnd(3) ? rnd(256) : rnd(2 * PAGE);
	}
	return op;
}

/* ---- sequences ---- */

/* What is there at first */
static bool fill_object(enum object object, unsigned int seed)
{
	void *at = mmap(NULL, OBJECT * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			file_of(object), 0);

	if (at == MAP_FAILED)
		return wrong("mmap: %s", errno_name(errno));
	fill(at, shadow[object - EXPORTED], OBJECT * PAGE, seed);
	munmap(at, OBJECT * PAGE);
	return true;
}

static bool begin(void)
{
	struct memory mem;

	memset(pages, 0, sizeof(pages));
	memset(pins, 0, sizeof(pins));
	memset(shadow, 0, sizeof(shadow));
	nr_ordinary = 0;
	nested = 0;
	gone = false;
	if (load(EXPORTER, "memory=pages size=32768"))
		return wrong("the exporter cannot be loaded");
	exporter = open("/dev/" EXPORTER, O_RDWR | O_CLOEXEC);
	importer = open("/dev/" IMPORTER, O_RDWR | O_CLOEXEC);
	/* Content of another sequence would be there */
	if (heap >= 0)
		close(heap);
	heap = memory_alloc(&mem, MEMORY_SYSTEM_HEAP, OBJECT * PAGE) ? -1 : mem.fd;
	if (exporter < 0 || importer < 0)
		return wrong("a sample cannot be opened");
	return fill_object(EXPORTED, 1) &&
	       (heap < 0 || fill_object(HEAP, 2));
}

static bool end(void)
{
	int err;

	munmap(area, AREA * PAGE);
	close(importer);
	close(exporter);
	err = unload_soon(EXPORTER);
	if (err)
		return wrong("the exporter cannot be unloaded: %s", errno_name(-err));
	err = observe_pins();
	return err > 0 ? wrong("%d pins are left", err) : true;
}

/* The number of the operation that failed; @nr is the end; -1 if none did */
static int run(const struct op *ops, unsigned int nr)
{
	unsigned int i;
	bool ok = begin();
	int failed = ok ? -1 : 0;

	for (i = 0; ok && i < nr; i++) {
		/* Room for the bytes of ordinary memory */
		if (ops[i].what == MMAP && nr_ordinary > 256 - AREA)
			continue;
		ok = do_op(&ops[i]);
		if (!ok)
			failed = i;
	}
	if (!end() && failed < 0)
		failed = nr;
	return failed;
}

/* Take out what it fails without, the greater parts first */
static unsigned int shrink(struct op *ops, unsigned int nr)
{
	struct op fewer[LENGTH];
	unsigned int part, at;
	int failed;

	for (part = nr / 2; part; part = part > 1 ? part / 2 : 0) {
		for (at = 0; at + part <= nr; ) {
			memcpy(fewer, ops, at * sizeof(*ops));
			memcpy(fewer + at, ops + at + part, (nr - at - part) * sizeof(*ops));
			failed = run(fewer, nr - part);
			if (failed < 0) {
				at += part;
				continue;
			}
			nr -= part;
			if (failed + 1U < nr)
				nr = failed + 1;
			memcpy(ops, fewer, nr * sizeof(*ops));
		}
	}
	return nr;
}

static void print_op(const struct op *op)
{
	static const char * const files[OBJECTS] = { "-1", "exporter", "heap", "-1" };
	unsigned int len = op->len % (2 * PAGE);

	printf("# \t");
	switch (op->what) {
	case MMAP:
		printf("mmap(area + 0x%lx, 0x%lx, %u, %s | MAP_FIXED, %s, 0x%lx);\n", op->at * PAGE,
		       op->nr * PAGE, op->flags,
		       op->object == ORDINARY ? "MAP_PRIVATE | MAP_ANONYMOUS" : "MAP_SHARED",
		       files[op->object], op->to * PAGE);
		break;
	case MUNMAP:
		printf("munmap(area + 0x%lx, 0x%lx);\n", op->at * PAGE, op->nr * PAGE);
		break;
	case MPROTECT:
		printf("mprotect(area + 0x%lx, 0x%lx, %u);\n", op->at * PAGE, op->nr * PAGE,
		       op->flags);
		break;
	case MREMAP:
		printf("mremap(area + 0x%lx, 0x%lx, 0x%lx, 3, area + 0x%lx);\n",
		       op->at * PAGE, PAGE, PAGE, op->to * PAGE);
		break;
	case POKE:
		printf("area[0x%lx] = %u;\n", op->at * PAGE + op->skip, op->byte);
		break;
	case PEEK:
		printf("printf(\"%%u\\n\", area[0x%lx]);\n", op->at * PAGE + op->skip);
		break;
	case PIN:
		printf("id[%u] = pin(area + 0x%lx, 0x%x, %u);\n", op->pin, op->at * PAGE + op->skip,
		       op->len, op->flags);
		break;
	case UNPIN:
		printf("call(VMA_SAMPLE_IOC_UNPIN, id[%u]);\n", op->pin);
		break;
	case MAP:
	case UNMAP:
		printf("call(VMA_SAMPLE_IOC_%s, id[%u], %u);\n", op->what == MAP ? "MAP" : "UNMAP",
		       op->pin, op->flags);
		break;
	case READ:
	case WRITE:
		printf("copy(VMA_SAMPLE_IOC_%s, id[%u], 0x%x, 0x%x, %u);\n",
		       op->what == READ ? "READ" : "WRITE", op->pin, op->skip, len, op->byte);
		break;
	case REPORT:
		printf("call(VMA_SAMPLE_IOC_REPORT, id[%u]);\n", op->pin);
		break;
	case REOPEN:
		printf("close(importer);\n# \timporter = open(\"/dev/" IMPORTER "\", O_RDWR);\n");
		break;
	default:
		printf("revoke(\"%s\");\n", op->what == TEMPORARY ? "temporary" :
		       op->what == RESTORE ? "restore" : "permanent");
	}
}

static const char * const preamble[] = {
	"#include <fcntl.h>", "#include <stdio.h>", "#include <string.h>", "#include <sys/ioctl.h>",
	"#include <sys/mman.h>", "#include <unistd.h>", "#include \"vma_owner_sample.h\"", "",
	"static int exporter, importer, heap, id[6];", "",
	"static int pin(void *addr, __u64 len, __u32 flags)", "{",
	"\tstruct vma_sample_pin arg = { (unsigned long)addr, len, flags };", "",
	"\tif (ioctl(importer, VMA_SAMPLE_IOC_PIN, &arg))", "\t\tperror(\"pin\");",
	"\treturn arg.id;", "}", "",
	"#define call(cmd, ...) do { \\", "\t__u32 arg[10] = { __VA_ARGS__ }; \\",
	"\tif (ioctl(importer, cmd, arg)) \\", "\t\tperror(#cmd); \\", "} while (0)", "",
	"static void copy(unsigned long cmd, __u32 id, __u64 offset, __u32 len, int byte)", "{",
	"\tstatic unsigned char bytes[8192];",
	"\tstruct vma_sample_copy arg = { (unsigned long)bytes, offset, len, id };", "",
	"\tmemset(bytes, byte, sizeof(bytes));", "\tif (ioctl(importer, cmd, &arg))",
	"\t\tperror(\"copy\");", "}", "",
	"static void revoke(const char *what)", "{",
	"\tint fd = open(\"" REVOKE "\", O_WRONLY);", "",
	"\tif (write(fd, what, strlen(what)) < 0)", "\t\tperror(what);", "\tclose(fd);", "}", "",
	"/* insmod " EXPORTER ".ko memory=pages size=32768; heap: 32768 bytes of /dev/dma_heap */",
	"int main(void)", "{",
	"\tunsigned char *area = mmap(NULL, 0x10000, 0, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);", "",
	"\tmunmap(area, 0x10000);",
	"\texporter = open(\"/dev/" EXPORTER "\", O_RDWR);",
	"\timporter = open(\"/dev/" IMPORTER "\", O_RDWR);",
};

static void print_program(const struct op *ops, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < sizeof(preamble) / sizeof(preamble[0]); i++)
		printf("# %s\n", preamble[i]);
	for (i = 0; i < nr; i++)
		print_op(&ops[i]);
	printf("# \treturn 0;\t/* %s */\n# }\n", why);
}

/* The length of the shortest failure of @sequences, or 0 */
static unsigned int fuzz(uint64_t seed, unsigned int sequences, unsigned long *calls)
{
	struct op ops[LENGTH];
	unsigned int i, n, nr;
	int failed;

	for (i = 0; i < sequences; i++) {
		state = (seed + i) * 0x9e3779b97f4a7c15ULL | 1;
		for (n = 0; n < LENGTH; n++)
			ops[n] = some_op();
		failed = run(ops, LENGTH);
		*calls += LENGTH;
		if (failed < 0)
			continue;
		printf("# sequence %llu, operation %d: %s\n", (unsigned long long)seed + i,
		       failed, why);
		nr = shrink(ops, failed < LENGTH ? failed + 1 : LENGTH);
		run(ops, nr);
		printf("# the shortest has %u operations:\n", nr);
		print_program(ops, nr);
		return nr;
	}
	return 0;
}

static unsigned long long setting(const char *name, unsigned long long otherwise)
{
	char line[4096] = "", *at;
	FILE *file = fopen("/proc/cmdline", "re");

	if (!file)
		return otherwise;
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	fclose(file);
	at = strstr(line, name);
	return at ? strtoull(at + strlen(name), NULL, 0) : otherwise;
}

int main(void)
{
	unsigned int sequences = setting("vo_sequences=", 200), shortest;
	unsigned long calls = 0;
	uint64_t seed = 0;

	printf("TAP version 13\n1..4\n");
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		seed = 1;
	seed = setting("vo_seed=", seed >> 40);
	printf("# seed %llu, %u sequences of %u operations\n", (unsigned long long)seed, sequences,
	       LENGTH);
	if (load(IMPORTER, ""))
		return 4;
	area = memory_reserve(AREA * PAGE);
	lie = true;
	shortest = fuzz(1, 100, &calls);
	lie = false;
	printf("%sok 1 - a shadow that is wrong is found out, in %u operations\n",
	       shortest && shortest <= 4 ? "" : "not ", shortest);
	calls = 0;
	compared = 0;
	shortest = fuzz(seed, sequences, &calls);
	printf("%sok 2 - %lu operations answered as the shadow did\n", shortest ? "not " : "",
	       calls);
	printf("%sok 3 - %lu copies among them were compared\n",
	       compared > calls / 2000 ? "" : "not ", compared);
	printf("%sok 4 - the importer can be unloaded\n", unload_soon(IMPORTER) ? "not " : "");
	return shortest != 0;
}
