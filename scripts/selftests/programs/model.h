/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The model of a device: the possible results of an operation, and its effect. There are several
 * results where they depend on time or on free memory.
 */
#ifndef _SELFTESTS_MODEL_H
#define _SELFTESTS_MODEL_H

#include "contents.h"
#include "request.h"

#define MAX_NAMES	256
#define MAX_BYTES	(64ull << 20)
#define MAX_SIZE	(16ull << 20)
#define MAX_TIMEOUT	60000
/* In milliseconds: a transfer takes 100, and ends within this time even on a busy host. */
#define LONG		5000
/* The maximum segment size of the device, for any page size. */
#define MAX_SEGMENT	65536
/* An allocation of this size always succeeds. */
#define SMALL		65536

/* All results. There is no ENODEV: the driver stays bound. */
static const struct {
	int number;
	const char *name;
} errors[] = {
	{ 0, "done" },
	{ EINVAL, "EINVAL" },
	{ ENOENT, "ENOENT" },
	{ EEXIST, "EEXIST" },
	{ ENOSPC, "ENOSPC" },
	{ EBUSY, "EBUSY" },
	{ EACCES, "EACCES" },
	{ EOPNOTSUPP, "EOPNOTSUPP" },
	{ EILSEQ, "EILSEQ" },
	{ ETIMEDOUT, "ETIMEDOUT" },
	{ EFAULT, "EFAULT" },
	{ ENOMEM, "ENOMEM" },
	/* From a lifecycle, if a list cannot be bounced. */
	{ EIO, "EIO" },
	/* From mmap(). */
	{ ENXIO, "ENXIO" },
	{ EOVERFLOW, "EOVERFLOW" },
	{ EPERM, "EPERM" },
};

/* Returns the index of an error in `errors`, or their number if it is unknown. */
static inline unsigned int error_index(int error)
{
	unsigned int i = 0;

	while (i < COUNT(errors) && errors[i].number != error)
		i++;
	return i;
}

/* Returns the set of one error, or the empty set if it is unknown. */
static inline unsigned int outcome(int error)
{
	unsigned int i = error_index(error);

	return i < COUNT(errors) ? 1u << i : 0;
}

/* Writes the names of a set of errors. */
static inline void outcome_names(char *text, size_t size, unsigned int set)
{
	int len = 0;

	for (int i = 0; i < COUNT(errors); i++)
		if (set & 1u << i)
			len += snprintf(text + len, size - len, " %s", errors[i].name);
}

enum state { GONE, DEVICE_OWNED, CPU_OWNED, IN_FLIGHT };

/* The names of states in `mappings`. */
static const char *const states[] = { "gone", "device", "cpu", "in_flight" };

struct mapping {
	char name[NAME_LEN];
	enum state state;
	unsigned int kind;
	unsigned int dir;
	/* The offset in the first page. */
	unsigned int offset;
	/* The last transfer that was started. */
	struct request transfer;
	struct contents bytes;
};

struct world {
	__u64 page;
	/* The error of each kind that cannot be mapped on this machine, or 0. */
	int refused[KINDS];
	/* Whether buffers are bounced: bounce buffers may run out. */
	int bounces;
	/* The number of mappings in flight. If it is 0, the engine is free. */
	unsigned int in_flight;
	/* The contents of the device's buffer, and of the pages for mmap(). */
	struct contents buffer;
	struct contents pages[PAGES];
};

/* The keys that each operation takes and needs. */
static const struct {
	unsigned int takes;
	unsigned int needs;
} operations[OPS] = {
	[OP_MAP] = { BIT_OF(KIND) | BIT_OF(DIR) | BIT_OF(SIZE) | BIT_OF(OFFSET) | BIT_OF(PATTERN) },
	[OP_FILL] = { BIT_OF(SIZE) | BIT_OF(OFFSET) | BIT_OF(PATTERN), BIT_OF(PATTERN) },
	[OP_CHECK] = { BIT_OF(SIZE) | BIT_OF(OFFSET) | BIT_OF(PATTERN), BIT_OF(PATTERN) },
	[OP_TRANSFER] = { BIT_OF(SIZE) | BIT_OF(OFFSET) | BIT_OF(TO) | BIT_OF(TIMEOUT) |
			  BIT_OF(IRQ), BIT_OF(TO) },
	[OP_START] = { BIT_OF(SIZE) | BIT_OF(OFFSET) | BIT_OF(TO) | BIT_OF(IRQ), BIT_OF(TO) },
	[OP_WAIT] = { BIT_OF(TIMEOUT) },
	[OP_TRANSFER_PAGE] = { BIT_OF(PAGE) | BIT_OF(TO), BIT_OF(PAGE) | BIT_OF(TO) },
};

/* Returns a size in whole pages, which counts for MAX_BYTES. */
static inline __u64 in_pages(const struct world *world, __u64 size)
{
	return (size + world->page - 1) / world->page * world->page;
}

static inline int is_move(enum op op)
{
	return op == OP_TRANSFER || op == OP_START;
}

static inline int device_reads(const struct mapping *mapping)
{
	return mapping->dir != FROM_DEVICE;
}

static inline int device_writes(const struct mapping *mapping)
{
	return mapping->dir != TO_DEVICE;
}

static inline int may_go(const struct mapping *mapping, unsigned int to)
{
	return to == DEVICE ? device_reads(mapping) : device_writes(mapping);
}

/* Returns whether the current owner permits fill and check. */
static inline int is_accessible(const struct mapping *mapping)
{
	return has_access(mapping->kind) &&
	       mapping->state == (is_shared(mapping->kind) ? DEVICE_OWNED : CPU_OWNED);
}

/* Returns whether the bytes are contiguous for the device, whatever the IOMMU merges. */
static inline int in_one_piece(const struct mapping *mapping, unsigned int first, unsigned int end)
{
	return mapping->kind != KIND_SG ||
	       (mapping->offset + first) / PAGE == (mapping->offset + end - 1) / PAGE;
}

static inline int is_name(const char name[NAME_LEN])
{
	unsigned int len = 0;

	for (; name[len]; len++) {
		char c = name[len];

		if (!(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
		    c != '_' && c != '.' && c != '-')
			return 0;
	}
	return len > 0;
}

static inline __u64 size_to_map(const struct world *world, const struct request *map)
{
	if (map->given & BIT_OF(SIZE))
		return map->size;
	switch (map->kind) {
	case KIND_POOL:
		return 64;
	case KIND_RESOURCE:
		return 4;
	default:
		return world->page;
	}
}

/* Returns whether memory of the kind can have the size and offset of a request. */
static inline int is_size_of_kind(const struct world *world, const struct request *map)
{
	__u64 size = size_to_map(world, map);
	/* The largest piece of the page allocator. With larger pages it exceeds any mapping. */
	__u64 piece = world->page == 4096 ? 4 << 20 : 2 * MAX_SIZE;

	switch (map->kind) {
	case KIND_SINGLE:
		return map->offset + size <= piece;
	case KIND_PAGE:
	case KIND_NONCOHERENT:
		return size <= piece;
	case KIND_POOL:
		return size <= 4096;
	default:
		return 1;
	}
}

/* Returns whether a request gets EINVAL in any state. */
static inline int is_wrong(const struct world *world, const struct request *request)
{
	unsigned int has = request->given;

	if (has & ~operations[request->op].takes || ~has & operations[request->op].needs)
		return 1;
	if (request->op == OP_TRANSFER_PAGE)
		return request->page >= PAGES;
	if (!is_name(request->name))
		return 1;
	if (has & BIT_OF(SIZE) &&
	    (!request->size || request->size > (is_move(request->op) ? BUFFER_SIZE : MAX_SIZE)))
		return 1;
	if (has & BIT_OF(TIMEOUT) && (!request->timeout || request->timeout > MAX_TIMEOUT))
		return 1;
	if (request->op != OP_MAP)
		return 0;
	if (request->offset && (request->offset >= world->page ||
				(request->kind != KIND_SINGLE && request->kind != KIND_SG)))
		return 1;
	if (request->kind == KIND_RESOURCE && has & (BIT_OF(SIZE) | BIT_OF(PATTERN)))
		return 1;
	return !is_size_of_kind(world, request);
}

static inline unsigned int outcomes_of_map(const struct world *world, const struct mapping *mapping,
					   const struct request *map)
{
	__u64 size = size_to_map(world, map);
	unsigned int refused = 0, perhaps = 0;

	if (mapping && mapping->state != GONE)
		refused |= outcome(EEXIST);
	if (is_born_mapped(map->kind) && map->dir == FROM_DEVICE && map->given & BIT_OF(PATTERN))
		refused |= outcome(EACCES);
	if (map->kind == KIND_NONCONTIGUOUS && size > MAX_SEGMENT)
		refused |= outcome(EINVAL);
	if (world->refused[map->kind])
		refused |= outcome(world->refused[map->kind]);
	if (size > SMALL || world->bounces)
		perhaps = outcome(ENOMEM);
	return (refused ? refused : outcome(0)) | perhaps;
}

/* The bytes of a request: [start, end). */
struct part {
	unsigned int start;
	unsigned int end;
};

/* Sets `part` to the bytes of a request. Returns 0 if they are not within the mapping. */
static inline int find_part(const struct mapping *mapping, const struct request *request,
			    struct part *part)
{
	__u64 left;

	if (request->offset >= mapping->bytes.size)
		return 0;
	left = mapping->bytes.size - request->offset;
	if (request->given & BIT_OF(SIZE)) {
		if (request->size > left)
			return 0;
		left = request->size;
	} else if (is_move(request->op) && left > BUFFER_SIZE) {
		left = BUFFER_SIZE;
	}
	part->start = request->offset;
	part->end = request->offset + left;
	return 1;
}

/* Returns the possible results of OP_FILL and OP_CHECK. */
static inline unsigned int outcomes_of_bytes(const struct mapping *mapping,
					     const struct request *request)
{
	/* Set for gcc, which does not see that `refused` is set where find_part() fails. */
	struct part part = {};
	unsigned int refused = 0, differs;

	if (!has_access(mapping->kind))
		refused |= outcome(EOPNOTSUPP);
	if (mapping->state == IN_FLIGHT ||
	    (has_syncs(mapping->kind) && mapping->state == DEVICE_OWNED))
		refused |= outcome(EBUSY);
	if (request->op == OP_FILL && !device_reads(mapping))
		refused |= outcome(EACCES);
	if (!find_part(mapping, request, &part))
		refused |= outcome(EINVAL);
	if (refused || request->op == OP_FILL)
		return refused ? refused : outcome(0);

	differs = differs_at(&mapping->bytes, part.start, part.end, request->pattern);
	if (differs == OPEN)
		return outcome(0) | outcome(EILSEQ);
	return outcome(differs == SAME ? 0 : EILSEQ);
}

/* Returns the possible results of OP_TRANSFER and OP_START. */
static inline unsigned int outcomes_of_move(const struct world *world,
					    const struct mapping *mapping,
					    const struct request *request)
{
	struct part part = { 0, 1 };
	unsigned int refused = 0, perhaps = 0;

	if (mapping->state != DEVICE_OWNED)
		refused |= outcome(EBUSY);
	if (!may_go(mapping, request->to))
		refused |= outcome(EACCES);
	if (!find_part(mapping, request, &part))
		refused |= outcome(EINVAL);
	/* The engine is busy unless the transfer in flight has ended. */
	if (world->in_flight)
		perhaps |= outcome(EBUSY);
	if (request->given & BIT_OF(TIMEOUT) && request->timeout < LONG)
		perhaps |= outcome(ETIMEDOUT);
	if (request->op == OP_START && !in_one_piece(mapping, part.start, part.end))
		perhaps |= outcome(EINVAL);
	return (refused ? refused : outcome(0)) | perhaps;
}

static inline unsigned int outcomes_of_sync(const struct mapping *mapping, enum state needed)
{
	unsigned int refused = 0;

	if (!has_syncs(mapping->kind))
		refused |= outcome(EOPNOTSUPP);
	if (mapping->state == IN_FLIGHT || (has_syncs(mapping->kind) && mapping->state != needed))
		refused |= outcome(EBUSY);
	return refused ? refused : outcome(0);
}

/*
 * Returns the possible results of a request. If several errors apply, any of them is possible.
 * `mapping` has the name of the request; it may be GONE or NULL.
 */
static inline unsigned int outcomes(const struct world *world, const struct mapping *mapping,
				    const struct request *request)
{
	int flies;

	if (is_wrong(world, request))
		return outcome(EINVAL);
	if (request->op == OP_TRANSFER_PAGE)
		return outcome(0) | (world->in_flight ? outcome(EBUSY) : 0);
	if (request->op == OP_MAP)
		return outcomes_of_map(world, mapping, request);
	if (!mapping || mapping->state == GONE)
		return outcome(ENOENT);
	flies = mapping->state == IN_FLIGHT;

	switch (request->op) {
	case OP_SYNC_FOR_CPU:
		return outcomes_of_sync(mapping, DEVICE_OWNED);
	case OP_SYNC_FOR_DEVICE:
		return outcomes_of_sync(mapping, CPU_OWNED);
	case OP_FILL:
	case OP_CHECK:
		return outcomes_of_bytes(mapping, request);
	case OP_TRANSFER:
	case OP_START:
		return outcomes_of_move(world, mapping, request);
	case OP_WAIT:
		if (flies && request->given & BIT_OF(TIMEOUT) && request->timeout < LONG)
			return outcome(0) | outcome(ETIMEDOUT);
		return outcome(flies ? 0 : EBUSY);
	case OP_ABORT:
		return outcome(flies ? 0 : EBUSY);
	default:
		return outcome(flies ? EBUSY : 0);
	}
}

static inline void apply_map(const struct world *world, struct mapping *mapping,
			     const struct request *map)
{
	unsigned int size = size_to_map(world, map);

	memcpy(mapping->name, map->name, sizeof(mapping->name));
	mapping->state = DEVICE_OWNED;
	mapping->kind = map->kind;
	mapping->dir = is_shared(map->kind) ? BIDIRECTIONAL : map->dir;
	mapping->offset = map->offset;
	/* The contents of a buffer are undefined until the device has written to it. */
	if (map->kind == KIND_RESOURCE || (!device_reads(mapping) && !is_born_mapped(map->kind)))
		contents_init(&mapping->bytes, size, UNKNOWN, 0);
	else if (map->given & BIT_OF(PATTERN))
		contents_init(&mapping->bytes, size, PATTERN, map->pattern);
	else
		contents_init(&mapping->bytes, size, ZERO, 0);
}

/* Copies bytes. Contents without room for more runs become unknown. */
static inline void move_contents(struct contents *to, unsigned int at, struct contents *from,
				 unsigned int first, unsigned int end)
{
	if (!has_room(to))
		contents_init(to, to->size, UNKNOWN, 0);
	if (!has_room(from))
		contents_init(from, from->size, UNKNOWN, 0);
	contents_copy(to, at, from, first, end);
}

/* Applies the effect of a completed transfer. */
static inline void apply_move(struct world *world, struct mapping *mapping,
			      const struct request *move)
{
	struct part part;

	/* Registers do not keep the bytes that are written to them. */
	if (!find_part(mapping, move, &part) ||
	    (mapping->kind == KIND_RESOURCE && move->to == MEMORY))
		return;
	if (move->to == DEVICE)
		move_contents(&world->buffer, 0, &mapping->bytes, part.start, part.end);
	else
		move_contents(&mapping->bytes, part.start, &world->buffer, 0,
			      part.end - part.start);
}

/* Applies the effect of a stopped transfer: the contents of its destination are unknown. */
static inline void apply_stop(struct world *world, struct mapping *mapping,
			      const struct request *move)
{
	struct part part;

	if (!find_part(mapping, move, &part))
		return;
	if (move->to == DEVICE)
		contents_set(&world->buffer, 0, part.end - part.start, UNKNOWN, 0);
	else
		contents_set(&mapping->bytes, part.start, part.end, UNKNOWN, 0);
}

/* Applies the effect of a request with its result. `mapping` is as for outcomes(). */
static inline void apply(struct world *world, struct mapping *mapping,
			 const struct request *request, int error)
{
	struct part part;

	if (request->op == OP_TRANSFER && error == ETIMEDOUT)
		apply_stop(world, mapping, request);
	if (error)
		return;

	switch (request->op) {
	case OP_MAP:
		apply_map(world, mapping, request);
		break;
	case OP_UNMAP:
		mapping->state = GONE;
		break;
	case OP_SYNC_FOR_CPU:
		mapping->state = CPU_OWNED;
		break;
	case OP_SYNC_FOR_DEVICE:
		mapping->state = DEVICE_OWNED;
		break;
	case OP_FILL:
		if (find_part(mapping, request, &part))
			contents_set(&mapping->bytes, part.start, part.end, PATTERN,
				     request->pattern);
		break;
	case OP_TRANSFER:
		apply_move(world, mapping, request);
		break;
	case OP_START:
		/* The bytes cannot be observed before the end of the transfer. */
		apply_move(world, mapping, request);
		mapping->state = IN_FLIGHT;
		mapping->transfer = *request;
		break;
	case OP_ABORT:
		apply_stop(world, mapping, &mapping->transfer);
		mapping->state = DEVICE_OWNED;
		break;
	case OP_WAIT:
		mapping->state = DEVICE_OWNED;
		break;
	case OP_TRANSFER_PAGE:
		if (request->to == DEVICE)
			move_contents(&world->buffer, 0, &world->pages[request->page], 0, PAGE);
		else
			move_contents(&world->pages[request->page], 0, &world->buffer, 0, PAGE);
		break;
	default:
		break;
	}
}

#endif /* _SELFTESTS_MODEL_H */
