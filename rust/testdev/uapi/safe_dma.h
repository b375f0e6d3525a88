/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * /dev/safe_dma0, and so on for each device: DMA mappings at the hands of a program.
 *
 * A mapping has a name, which is the open file's own, until it is unmapped or the file is closed.
 * It belongs to the CPU or to the device, or is in flight; operations ask for that, and change it:
 *
 *	SAFE_DMA_OP_MAP			makes it, and it is the device's
 *	SAFE_DMA_OP_SYNC_FOR_CPU	the device's: is the CPU's after it
 *	SAFE_DMA_OP_SYNC_FOR_DEVICE	the CPU's: is the device's after it
 *	SAFE_DMA_OP_FILL		the CPU's: gets the bytes of safe_dma_byte()
 *	SAFE_DMA_OP_CHECK		the CPU's: is compared with them
 *	SAFE_DMA_OP_TRANSFER		the device's: the device moves bytes of it
 *	SAFE_DMA_OP_START		the device's: the same, and it is in flight after it
 *	SAFE_DMA_OP_WAIT		in flight: is the device's after it
 *	SAFE_DMA_OP_ABORT		in flight: is the device's after it
 *	SAFE_DMA_OP_UNMAP		the CPU's or the device's: is gone
 *
 * What is refused changes nothing. errno then says why:
 *
 *	EINVAL		a field cannot be what it is, or is not for this operation
 *	ENOENT		no such name
 *	EEXIST		the name is taken
 *	ENOSPC		there are too many names, or too many bytes are mapped for the device
 *	EBUSY		another's turn: the mapping's, the engine's, or that of the pages of mmap()
 *	EACCES		the mapping's direction does not allow it
 *	EOPNOTSUPP	nothing of that kind can, or the device cannot
 *	EILSEQ		a byte is not what it should be; differs_at says where
 *	ETIMEDOUT	the transfer did not end; of SAFE_DMA_OP_WAIT: it is in flight still
 *	EFAULT		the structure cannot be read, or its answer not be written
 *	ENOMEM		there is no memory
 *	EPERM		for CAP_SYS_ADMIN only
 *	ENODEV		the device has gone
 *	ENOTTY		not one of these requests
 */
#ifndef _UAPI_SAFE_DMA_H
#define _UAPI_SAFE_DMA_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Of a name, with the NUL that ends it; what follows the name is zero. [A-Za-z0-9_.-] */
#define SAFE_DMA_NAME_LEN	16

enum safe_dma_op {
	SAFE_DMA_OP_MAP = 0,
	SAFE_DMA_OP_UNMAP = 1,
	SAFE_DMA_OP_SYNC_FOR_CPU = 2,
	SAFE_DMA_OP_SYNC_FOR_DEVICE = 3,
	SAFE_DMA_OP_FILL = 4,
	SAFE_DMA_OP_CHECK = 5,
	SAFE_DMA_OP_TRANSFER = 6,
	SAFE_DMA_OP_START = 7,
	SAFE_DMA_OP_WAIT = 8,
	SAFE_DMA_OP_ABORT = 9,
};

/*
 * What is mapped, and how. At most 16 MiB, but of SINGLE, with its offset, PAGE and NONCOHERENT
 * what the kernel has in one piece, which is 4 MiB where pages have 4 KiB; of NONCONTIGUOUS the
 * 64 KiB that the device takes as one; and of POOL 4096 bytes. The registers of RESOURCE have a
 * size of their own, and no pattern.
 *
 * A file has 256 names at most. All that is mapped for a device, whoever has mapped it, is 64 MiB
 * at most, in whole pages.
 */
enum safe_dma_kind {
	SAFE_DMA_KIND_SINGLE = 0,
	SAFE_DMA_KIND_PAGE = 1,
	SAFE_DMA_KIND_SG = 2,
	SAFE_DMA_KIND_IOVA = 3,
	SAFE_DMA_KIND_COHERENT = 4,
	SAFE_DMA_KIND_NONCOHERENT = 5,
	SAFE_DMA_KIND_NONCONTIGUOUS = 6,
	SAFE_DMA_KIND_POOL = 7,
	SAFE_DMA_KIND_RESOURCE = 8,
};

/* Numbered as the kernel's enum dma_data_direction. */
enum safe_dma_dir {
	SAFE_DMA_BIDIRECTIONAL = 0,
	SAFE_DMA_TO_DEVICE = 1,
	SAFE_DMA_FROM_DEVICE = 2,
};

/* Where a transfer goes: from the mapping to the device's own buffer, or the reverse. */
enum safe_dma_to {
	SAFE_DMA_TRANSFER_TO_DEVICE = 0,
	SAFE_DMA_TRANSFER_TO_MEMORY = 1,
};

/* The interrupt at the end of a transfer: none, or one more, is what a broken device does. */
enum safe_dma_irq {
	SAFE_DMA_IRQ_NORMAL = 0,
	SAFE_DMA_IRQ_NONE = 1,
	SAFE_DMA_IRQ_TWICE = 2,
};

/* Bits of @fields. */
#define SAFE_DMA_HAS_KIND	0x01
#define SAFE_DMA_HAS_DIR	0x02
#define SAFE_DMA_HAS_SIZE	0x04
#define SAFE_DMA_HAS_OFFSET	0x08
#define SAFE_DMA_HAS_PATTERN	0x10
#define SAFE_DMA_HAS_TO		0x20
#define SAFE_DMA_HAS_TIMEOUT	0x40
#define SAFE_DMA_HAS_IRQ	0x80

/**
 * struct safe_dma_request - one operation on one mapping
 * @op: of enum safe_dma_op
 * @fields: which of the fields from @kind to @irq are given; the others are zero, and have defaults
 * @name: of the mapping
 * @kind: of enum safe_dma_kind; SAFE_DMA_KIND_SINGLE if it is not given
 * @dir: of enum safe_dma_dir; SAFE_DMA_BIDIRECTIONAL if it is not given
 * @size: in bytes, see enum safe_dma_kind; if it is not given, a page is mapped, or of a pool 64
 *	bytes, and otherwise it is all from @offset on, of which a transfer moves 4096 bytes at most
 * @offset: of the first byte, in the mapping; for SAFE_DMA_OP_MAP where in a page the buffer
 *	begins, of SAFE_DMA_KIND_SINGLE and SAFE_DMA_KIND_SG
 * @pattern: of the bytes that are written or compared, see safe_dma_byte()
 * @to: of enum safe_dma_to
 * @timeout: in milliseconds; 10000 if it is not given
 * @irq: of enum safe_dma_irq; SAFE_DMA_IRQ_NORMAL if it is not given
 * @dma_address: set by SAFE_DMA_OP_MAP: the DMA address of the mapping's first byte
 * @differs_at: set by SAFE_DMA_OP_CHECK with EILSEQ: the offset of the first byte that differs
 * @reserved: zero
 *
 * The layout is the same for programs of 32 and of 64 bits.
 */
struct safe_dma_request {
	__u32 op;
	__u32 fields;
	char name[SAFE_DMA_NAME_LEN];
	__u32 kind;
	__u32 dir;
	__u64 size;
	__u64 offset;
	__u32 pattern;
	__u32 to;
	__u32 timeout;
	__u32 irq;
	__u64 dma_address;
	__u64 differs_at;
	__u64 reserved[2];
};

/*
 * The two pages of coherent memory that mmap() gives. The page whose number is the argument goes
 * to the device's own buffer, or that buffer to the page. Meanwhile who wants one of them is
 * refused with EBUSY, by mmap(), too.
 */
#define SAFE_DMA_IOC_READ_PAGE	_IO('e', 0)
#define SAFE_DMA_IOC_WRITE_PAGE	_IO('e', 1)
/* One operation. */
#define SAFE_DMA_IOC_RUN	_IOWR('e', 2, struct safe_dma_request)

/* The byte at an offset from the start of a mapping that was filled with a pattern. */
static inline unsigned char safe_dma_byte(__u32 pattern, __u32 offset)
{
	return ((pattern ^ offset ^ (offset >> 8)) * 0x9e3779b1u) >> 24;
}

#endif /* _UAPI_SAFE_DMA_H */
