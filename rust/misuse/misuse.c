// SPDX-License-Identifier: GPL-2.0
/*
 * Misuses of the DMA API: one for each message of the kernel's DMA debugger, and some that it does
 * not detect. The driver binds to the edu device and commits one of them, to record the debugger's
 * message. No DMA is started on the device.
 *
 * Each function commits one misuse only, and the driver unmaps the rest, so that the debugger
 * reports nothing else. The file "rows" has the messages.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/array_size.h>
#include <linux/bottom_half.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/dmaengine.h>
#include <linux/dmapool.h>
#include <linux/gfp.h>
#include <linux/hex.h>
#include <linux/io.h>
#include <linux/iommu.h>
#include <linux/iommu-dma.h>
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/preempt.h>
#include <linux/scatterlist.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <linux/wordpart.h>

static char *row;
module_param(row, charp, 0);
MODULE_PARM_DESC(row, "Misuse to commit; lists all without one");

/* Less than an IOMMU page: an unmap of another size still unmaps the page. */
#define SIZE 1024

struct mapping {
	struct device *dev;
	void *cpu;
	dma_addr_t dma;
};

static int map(struct device *dev, struct mapping *m, enum dma_data_direction dir)
{
	m->dev = dev;
	m->cpu = kzalloc(SIZE, GFP_KERNEL);
	if (!m->cpu)
		return -ENOMEM;

	m->dma = dma_map_single(dev, m->cpu, SIZE, dir);
	if (dma_mapping_error(dev, m->dma)) {
		kfree(m->cpu);
		return -EIO;
	}
	return 0;
}

static void unmap(struct mapping *m, enum dma_data_direction dir)
{
	dma_unmap_single(m->dev, m->dma, SIZE, dir);
	kfree(m->cpu);
}

/*
 * A mapping that lasts while the driver is bound. Where the debugger reports nothing, its list of
 * mappings shows that the misuse took place.
 */
static struct {
	void *allocated;
	dma_addr_t dma;
	size_t size;
	enum dma_data_direction dir;
	bool coherent;
} held;

/* hold() - map @size bytes at @cpu until release(), which also frees @allocated */
static int hold(struct device *dev, void *allocated, void *cpu, size_t size,
		enum dma_data_direction dir)
{
	dma_addr_t dma = dma_map_single(dev, cpu, size, dir);

	if (dma_mapping_error(dev, dma)) {
		kfree(allocated);
		return -EIO;
	}
	held.allocated = allocated;
	held.dma = dma;
	held.size = size;
	held.dir = dir;
	dev_info(dev, "%s: mapped %#llx\n", row, (u64)dma);
	return 0;
}

/* hold_buffer() - map a new buffer, which @held has, until release() */
static int hold_buffer(struct device *dev, enum dma_data_direction dir)
{
	void *cpu = kzalloc(SIZE, GFP_KERNEL);

	return cpu ? hold(dev, cpu, cpu, SIZE, dir) : -ENOMEM;
}

/* hold_coherent() - allocate coherent memory, which @held has, until release() */
static int hold_coherent(struct device *dev, size_t size)
{
	held.allocated = dma_alloc_coherent(dev, size, &held.dma, GFP_KERNEL);
	if (!held.allocated)
		return -ENOMEM;
	held.size = size;
	held.coherent = true;
	dev_info(dev, "%s: mapped %#llx\n", row, (u64)held.dma);
	return 0;
}

static void release(struct device *dev)
{
	if (held.coherent) {
		dma_free_coherent(dev, held.size, held.allocated, held.dma);
	} else {
		if (held.size)
			dma_unmap_single(dev, held.dma, held.size, held.dir);
		kfree(held.allocated);
	}
	held.allocated = NULL;
	held.size = 0;
	held.coherent = false;
}

/* Mapped after unbind, until the module is unloaded. */
static struct mapping pending;
static bool pending_coherent;

static int pending_at_release(struct device *dev)
{
	int ret = map(dev, &pending, DMA_TO_DEVICE);

	if (ret)
		pending.dev = NULL;
	else
		get_device(dev);
	return ret;
}

/* leak_coherent() - keep a page of coherent memory until the module is unloaded */
static int leak_coherent(struct device *dev, void *cpu, dma_addr_t dma)
{
	if (!cpu)
		return -ENOMEM;
	pending.dev = get_device(dev);
	pending.cpu = cpu;
	pending.dma = dma;
	pending_coherent = true;
	return 0;
}

static int coherent_leaked(struct device *dev)
{
	dma_addr_t dma;
	void *cpu = dma_alloc_coherent(dev, PAGE_SIZE, &dma, GFP_KERNEL);

	return leak_coherent(dev, cpu, dma);
}

/* dma_pool_destroy() leaves the memory of objects that are in use. The object is a page. */
static int pool_destroyed_busy(struct device *dev)
{
	struct dma_pool *pool = dma_pool_create(KBUILD_MODNAME, dev, PAGE_SIZE, 0, 0);
	dma_addr_t dma;
	void *cpu;

	if (!pool)
		return -ENOMEM;
	cpu = dma_pool_alloc(pool, GFP_KERNEL, &dma);
	dma_pool_destroy(pool);
	return leak_coherent(dev, cpu, dma);
}

static void clear_pending(void)
{
	struct device *dev = pending.dev;

	if (!dev)
		return;
	if (pending_coherent)
		dma_free_coherent(dev, PAGE_SIZE, pending.cpu, pending.dma);
	else
		unmap(&pending, DMA_TO_DEVICE);
	put_device(dev);
}

/*
 * Does not use dma_unmap_single(), which looks up the physical address: the end of the table walk
 * wraps to 0, and the lookup returns uninitialised stack. dma_unmap_resource() has no lookup.
 */
static int free_invalid_address(struct device *dev)
{
	dma_unmap_resource(dev, DMA_MAPPING_ERROR, SIZE, DMA_TO_DEVICE, 0);
	return 0;
}

static int free_not_allocated(struct device *dev)
{
	struct mapping m;
	int ret = map(dev, &m, DMA_TO_DEVICE);

	if (ret)
		return ret;
	dma_unmap_single(dev, m.dma, SIZE, DMA_TO_DEVICE);
	unmap(&m, DMA_TO_DEVICE);
	return 0;
}

/* No mapping has the address zero. */
static int free_never_mapped(struct device *dev)
{
	dma_unmap_single(dev, 0, SIZE, DMA_TO_DEVICE);
	return 0;
}

/* Unmaps the page. The second call only removes the mapping from the debugger's list. */
static int free_address(struct device *dev)
{
	struct mapping m;
	int ret = map(dev, &m, DMA_TO_DEVICE);

	if (ret)
		return ret;
	dma_unmap_single(dev, m.dma + SIZE / 2, SIZE / 2, DMA_TO_DEVICE);
	unmap(&m, DMA_TO_DEVICE);
	return 0;
}

static int free_size(struct device *dev)
{
	struct mapping m;
	int ret = map(dev, &m, DMA_TO_DEVICE);

	if (ret)
		return ret;
	dma_unmap_single(dev, m.dma, SIZE / 2, DMA_TO_DEVICE);
	kfree(m.cpu);
	return 0;
}

static int free_cpu_address(struct device *dev)
{
	dma_addr_t dma[2];
	void *cpu[2];

	cpu[0] = dma_alloc_coherent(dev, PAGE_SIZE, &dma[0], GFP_KERNEL);
	if (!cpu[0])
		return -ENOMEM;
	cpu[1] = dma_alloc_coherent(dev, PAGE_SIZE, &dma[1], GFP_KERNEL);
	if (!cpu[1]) {
		dma_free_coherent(dev, PAGE_SIZE, cpu[0], dma[0]);
		return -ENOMEM;
	}

	/* Swapped, so that each address is freed once. */
	dma_free_coherent(dev, PAGE_SIZE, cpu[1], dma[0]);
	dma_free_coherent(dev, PAGE_SIZE, cpu[0], dma[1]);
	return 0;
}

static int coherent_size(struct device *dev)
{
	dma_addr_t dma;
	void *cpu = dma_alloc_coherent(dev, SIZE, &dma, GFP_KERNEL);

	if (!cpu)
		return -ENOMEM;
	dma_free_coherent(dev, SIZE / 2, cpu, dma);
	return 0;
}

/* Coherent memory that is not in vmalloc space. */
static int get_coherent(struct device *dev, struct mapping *m)
{
	m->dev = dev;
	m->cpu = dma_alloc_attrs(dev, SIZE, &m->dma, GFP_KERNEL, DMA_ATTR_FORCE_CONTIGUOUS);
	return m->cpu ? 0 : -ENOMEM;
}

static void put_coherent(struct mapping *m, size_t offset, size_t size)
{
	dma_free_attrs(m->dev, size, m->cpu + offset, m->dma + offset, DMA_ATTR_FORCE_CONTIGUOUS);
}

/*
 * Coherent memory that can be freed twice without harm: a reference to its page remains. An IOMMU
 * must translate, so that the second unmap finds nothing, and free addresses at once, not later as
 * in a lazy domain.
 */
static int begin_freed_twice(struct device *dev, struct mapping *m)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);
	bool strict = use_dma_iommu(dev) && domain && domain->type == IOMMU_DOMAIN_DMA;
	int ret = strict ? get_coherent(dev, m) : -EOPNOTSUPP;

	if (ret)
		return ret;
	get_page(virt_to_page(m->cpu));
	migrate_disable();
	return 0;
}

/* The IOVA allocator has the address twice now, for this processor. Take one for ever. */
static int end_freed_twice(struct mapping *m)
{
	struct dma_iova_state state;
	bool taken = dma_iova_try_alloc(m->dev, &state, 0, SIZE);

	migrate_enable();
	return taken && state.addr == m->dma ? 0 : -EIO;
}

static int coherent_freed_twice(struct device *dev)
{
	struct mapping m;
	int ret = begin_freed_twice(dev, &m);

	if (ret)
		return ret;
	put_coherent(&m, 0, SIZE);
	put_coherent(&m, 0, SIZE);
	return end_freed_twice(&m);
}

static int coherent_in_parts(struct device *dev)
{
	struct mapping m;
	int ret = begin_freed_twice(dev, &m);

	if (ret)
		return ret;
	put_coherent(&m, 0, SIZE / 2);
	put_coherent(&m, SIZE / 2, SIZE / 2);
	return end_freed_twice(&m);
}

/* The second call only removes the memory from the debugger's list. */
static int coherent_address(struct device *dev)
{
	struct mapping m;
	int ret = begin_freed_twice(dev, &m);

	if (ret)
		return ret;
	put_coherent(&m, SIZE / 2, SIZE / 2);
	put_coherent(&m, 0, SIZE);
	return end_freed_twice(&m);
}

static int free_direction(struct device *dev)
{
	struct mapping m;
	int ret = map(dev, &m, DMA_TO_DEVICE);

	if (ret)
		return ret;
	unmap(&m, DMA_FROM_DEVICE);
	return 0;
}

/* The debugger compares this attribute; the IOMMU driver ignores it here. */
static int free_attributes(struct device *dev)
{
	struct mapping m;
	int ret = map(dev, &m, DMA_TO_DEVICE);

	if (ret)
		return ret;
	dma_unmap_single_attrs(dev, m.dma, SIZE, DMA_TO_DEVICE, DMA_ATTR_PRIVILEGED);
	kfree(m.cpu);
	return 0;
}

/* There is no error, but the debugger reports the missing check at unmap. */
static int map_error_unchecked(struct device *dev)
{
	void *cpu = kzalloc(SIZE, GFP_KERNEL);
	dma_addr_t dma;

	if (!cpu)
		return -ENOMEM;
	dma = dma_map_single(dev, cpu, SIZE, DMA_TO_DEVICE);
	dma_unmap_single(dev, dma, SIZE, DMA_TO_DEVICE);
	kfree(cpu);
	return 0;
}

/* Another device is asked about the address. */
static int error_of_other_device(struct device *dev)
{
	struct mapping m = { .dev = dev, .cpu = kzalloc(SIZE, GFP_KERNEL) };

	if (!m.cpu)
		return -ENOMEM;
	m.dma = dma_map_single(dev, m.cpu, SIZE, DMA_TO_DEVICE);
	if (dma_mapping_error(dev->parent, m.dma))
		return -EIO;
	unmap(&m, DMA_TO_DEVICE);
	return 0;
}

/* Maps by page: dma_map_single() refuses a stack in vmalloc space before the debugger sees it. */
static int map_stack(struct device *dev)
{
	u8 buf[64] __aligned(64) = { };
	struct page *page = is_vmalloc_addr(buf) ? vmalloc_to_page(buf) : virt_to_page(buf);
	dma_addr_t dma = dma_map_page(dev, page, offset_in_page(buf), sizeof(buf), DMA_TO_DEVICE);

	if (dma_mapping_error(dev, dma))
		return -EIO;
	dma_unmap_page(dev, dma, sizeof(buf), DMA_TO_DEVICE);
	return 0;
}

/*
 * Maps a constant of the kernel by its alias in the linear map: the image of an arm64 kernel, and
 * any module, is in vmalloc space.
 */
static int map_rodata(struct device *dev)
{
	void *cpu = (void *)lm_alias(hex_asc);

	return hold(dev, NULL, cpu, strlen(hex_asc), DMA_TO_DEVICE);
}

/*
 * Maps NULL, as after a failed allocation. Its physical address is beyond the mask, and the size
 * exceeds that of bounce buffers, so nothing is copied.
 */
static int map_invalid_area(struct device *dev)
{
	dma_addr_t dma = dma_map_single_attrs(dev, NULL, SZ_1M, DMA_TO_DEVICE, DMA_ATTR_NO_WARN);

	return dma_mapping_error(dev, dma) ? 0 : -EINVAL;
}

static int map_vmalloc(struct device *dev)
{
	void *cpu = vzalloc(SIZE);
	dma_addr_t dma;

	if (!cpu)
		return -ENOMEM;
	dma = dma_map_single(dev, cpu, SIZE, DMA_TO_DEVICE);
	vfree(cpu);
	return dma_mapping_error(dev, dma) ? 0 : -EINVAL;
}

static int resource_of_ram(struct device *dev)
{
	void *cpu = kzalloc(SIZE, GFP_KERNEL);
	dma_addr_t dma;
	int ret = 0;

	if (!cpu)
		return -ENOMEM;
	dma = dma_map_resource(dev, virt_to_phys(cpu), SIZE, DMA_TO_DEVICE, 0);
	if (dma_mapping_error(dev, dma))
		ret = -EIO;
	else
		dma_unmap_resource(dev, dma, SIZE, DMA_TO_DEVICE, 0);
	kfree(cpu);
	return ret;
}

static int overlapping_cache_lines(struct device *dev)
{
	void *cpu = kzalloc(SIZE, GFP_KERNEL);
	dma_addr_t again;
	int ret;

	if (!cpu)
		return -ENOMEM;
	ret = hold(dev, cpu, cpu, SIZE, DMA_FROM_DEVICE);
	if (ret)
		return ret;
	again = dma_map_single(dev, cpu, SIZE, DMA_FROM_DEVICE);
	if (dma_mapping_error(dev, again))
		return -EIO;
	dma_unmap_single(dev, again, SIZE, DMA_FROM_DEVICE);
	return 0;
}

static int sync_not_allocated(struct device *dev)
{
	struct mapping m;
	int ret = map(dev, &m, DMA_FROM_DEVICE);

	if (ret)
		return ret;
	unmap(&m, DMA_FROM_DEVICE);
	dma_sync_single_for_cpu(dev, m.dma, SIZE, DMA_FROM_DEVICE);
	return 0;
}

/* A physical address, of memory that is not mapped. */
static int sync_never_mapped(struct device *dev)
{
	void *cpu = kzalloc(SIZE, GFP_KERNEL);

	if (!cpu)
		return -ENOMEM;
	dma_sync_single_for_cpu(dev, virt_to_phys(cpu), SIZE, DMA_FROM_DEVICE);
	kfree(cpu);
	return 0;
}

/*
 * Syncs a negative length, so that the range ends below its start. For a sync that is only too
 * long, the debugger finds no mapping and reports memory that was not allocated.
 */
static int sync_outside_range(struct device *dev)
{
	struct mapping m;
	int ret = map(dev, &m, DMA_FROM_DEVICE);

	if (ret)
		return ret;
	dma_sync_single_for_cpu(dev, m.dma, (size_t)-1, DMA_FROM_DEVICE);
	unmap(&m, DMA_FROM_DEVICE);
	return 0;
}

static int sync_direction(struct device *dev)
{
	struct mapping m;
	int ret = map(dev, &m, DMA_TO_DEVICE);

	if (ret)
		return ret;
	dma_sync_single_for_device(dev, m.dma, SIZE, DMA_FROM_DEVICE);
	unmap(&m, DMA_TO_DEVICE);
	return 0;
}

/*
 * The debugger accepts a sync for the CPU with the direction of the mapping, DMA_TO_DEVICE. With
 * another direction, it reports that too. Likewise for the next function.
 */
static int sync_read_only_for_cpu(struct device *dev)
{
	struct mapping m;
	int ret = map(dev, &m, DMA_TO_DEVICE);

	if (ret)
		return ret;
	dma_sync_single_for_cpu(dev, m.dma, SIZE, DMA_FROM_DEVICE);
	unmap(&m, DMA_TO_DEVICE);
	return 0;
}

static int sync_write_only_for_device(struct device *dev)
{
	struct mapping m;
	int ret = map(dev, &m, DMA_FROM_DEVICE);

	if (ret)
		return ret;
	dma_sync_single_for_device(dev, m.dma, SIZE, DMA_TO_DEVICE);
	unmap(&m, DMA_FROM_DEVICE);
	return 0;
}

/* A list of buffers of 2^order pages each. */
struct sg_mapping {
	struct device *dev;
	struct scatterlist list[2];
	int count;
	int mapped;
	unsigned int order;
};

static void free_sg(struct sg_mapping *m)
{
	while (m->count--)
		__free_pages(sg_page(&m->list[m->count]), m->order);
}

static int fill_sg(struct device *dev, struct sg_mapping *m, int count, unsigned int order)
{
	m->dev = dev;
	m->order = order;
	sg_init_table(m->list, count);
	for (m->count = 0; m->count < count; m->count++) {
		struct page *page = alloc_pages(GFP_KERNEL | __GFP_ZERO, order);

		if (!page) {
			free_sg(m);
			return -ENOMEM;
		}
		sg_set_page(&m->list[m->count], page, PAGE_SIZE << order, 0);
	}
	return 0;
}

static int map_sg(struct device *dev, struct sg_mapping *m, int count, unsigned int order)
{
	int ret = fill_sg(dev, m, count, order);

	if (ret)
		return ret;
	m->mapped = dma_map_sg(dev, m->list, count, DMA_TO_DEVICE);
	if (!m->mapped) {
		free_sg(m);
		return -EIO;
	}
	return 0;
}

static void unmap_sg(struct sg_mapping *m)
{
	dma_unmap_sg(m->dev, m->list, m->count, DMA_TO_DEVICE);
	free_sg(m);
}

/* A list that lasts while the driver is bound. */
static struct sg_mapping held_sg;

static void release_sg(void)
{
	if (held_sg.mapped)
		unmap_sg(&held_sg);
	held_sg.mapped = 0;
}

/* The debugger tells lists from single mappings, but not dma_map_single() from dma_map_page(). */
static int free_function(struct device *dev)
{
	struct sg_mapping m;
	int ret = map_sg(dev, &m, 1, 0);

	if (ret)
		return ret;
	dma_unmap_single(dev, sg_dma_address(m.list), sg_dma_len(m.list), DMA_TO_DEVICE);
	free_sg(&m);
	return 0;
}

static int free_sg_count(struct device *dev)
{
	struct sg_mapping m;
	int i, ret = map_sg(dev, &m, 2, 0);

	if (ret)
		return ret;
	/* An IOMMU merges both; otherwise there are two segments. */
	for (i = 0; i < m.mapped; i++)
		dma_unmap_sg(dev, &m.list[i], 1, DMA_TO_DEVICE);
	free_sg(&m);
	return 0;
}

static int sg_never_mapped(struct device *dev)
{
	struct sg_mapping m;
	int ret = fill_sg(dev, &m, 1, 0);

	if (!ret)
		unmap_sg(&m);
	return ret;
}

static int sync_sg_count(struct device *dev)
{
	struct sg_mapping m;
	int ret = map_sg(dev, &m, 2, 0);

	if (ret)
		return ret;
	dma_sync_sg_for_device(dev, m.list, 1, DMA_TO_DEVICE);
	unmap_sg(&m);
	return 0;
}

static int sg_too_long(struct device *dev)
{
	struct sg_mapping m;
	int ret = map_sg(dev, &m, 1, get_order(2 * dma_get_max_seg_size(dev)));

	if (!ret)
		unmap_sg(&m);
	return ret;
}

/* Maps more than the boundary: dma-iommu aligns shorter segments so that none crosses it. */
static int sg_boundary(struct device *dev)
{
	unsigned long boundary = dma_get_seg_boundary(dev);
	struct sg_mapping m;
	int ret;

	dma_set_seg_boundary(dev, PAGE_SIZE - 1);
	ret = map_sg(dev, &m, 1, 1);
	if (!ret)
		unmap_sg(&m);
	dma_set_seg_boundary(dev, boundary);
	return ret;
}

/* The debugger does not detect the following misuses. */
static int cpu_reads_mapped(struct device *dev)
{
	int ret = hold_buffer(dev, DMA_FROM_DEVICE);

	if (!ret)
		READ_ONCE(*(u8 *)held.allocated);
	return ret;
}

static int cpu_writes_mapped(struct device *dev)
{
	int ret = hold_buffer(dev, DMA_TO_DEVICE);

	if (!ret)
		WRITE_ONCE(*(u8 *)held.allocated, 0x5a);
	return ret;
}

/* Mapped for reads, so that the unmap copies nothing to memory that may be reused. */
static int buffer_freed_mapped(struct device *dev)
{
	int ret = hold_buffer(dev, DMA_TO_DEVICE);

	if (!ret) {
		kfree(held.allocated);
		held.allocated = NULL;
	}
	return ret;
}

static int uninitialised(struct device *dev)
{
	void *cpu = kmalloc(SIZE, GFP_KERNEL);

	return cpu ? hold(dev, cpu, cpu, SIZE, DMA_TO_DEVICE) : -ENOMEM;
}

static int padding(struct device *dev)
{
	struct {
		u8 opcode;
		u32 length;
	} *command = kmalloc(sizeof(*command), GFP_KERNEL);

	if (!command)
		return -ENOMEM;
	command->opcode = 1;
	command->length = SIZE;
	return hold(dev, command, command, sizeof(*command), DMA_TO_DEVICE);
}

static int shared_cache_line(struct device *dev)
{
	struct {
		u8 status;
		u8 reply[16];
	} *request = kzalloc(sizeof(*request), GFP_KERNEL);
	int ret;

	if (!request)
		return -ENOMEM;
	ret = hold(dev, request, request->reply, sizeof(request->reply), DMA_FROM_DEVICE);
	if (!ret)
		WRITE_ONCE(request->status, 1);
	return ret;
}

/* A driver in C reads the buffer of a command by its pointer, whether it has completed or not. */
static int command_memory_used(struct device *dev)
{
	return cpu_reads_mapped(dev);
}

/* Bit 31 of the first word says that the device owns the descriptor. */
static int descriptor_read_owned(struct device *dev)
{
	int ret = hold_coherent(dev, SIZE);
	u32 *descriptor = held.allocated;

	if (ret)
		return ret;
	WRITE_ONCE(descriptor[0], BIT(31));
	READ_ONCE(descriptor[1]);
	return 0;
}

/* A page of the process that loads the module, which the device may read only. */
static int user_pages_unpinned(struct device *dev)
{
	unsigned long start = current->mm ? current->mm->start_stack & PAGE_MASK : 0;
	struct page *page;
	int ret;

	if (!start || pin_user_pages_fast(start, 1, FOLL_LONGTERM, &page) != 1)
		return -EFAULT;
	ret = hold(dev, NULL, page_address(page), PAGE_SIZE, DMA_TO_DEVICE);
	unpin_user_page(page);
	return ret;
}

/* Registers that the device does not use before a transfer is started. */
#define DMA_SOURCE 0x80
#define DMA_DESTINATION 0x88
#define DMA_COUNT 0x90

/* give() - write @value to a register of the device, and log it */
static int give(struct device *dev, u32 reg, u64 value)
{
	struct pci_dev *pdev = to_pci_dev(dev);
	void __iomem *regs;
	int ret = pci_enable_device(pdev);

	if (ret)
		return ret;
	regs = pci_iomap(pdev, 0, 0);
	if (regs) {
		iowrite32(lower_32_bits(value), regs + reg);
		dev_info(dev, "%s: the device has %#x\n", row, ioread32(regs + reg));
		pci_iounmap(pdev, regs);
	} else {
		ret = -ENOMEM;
	}
	pci_disable_device(pdev);
	return ret;
}

static int range_after_unmap(struct device *dev)
{
	struct mapping m;
	int ret = map(dev, &m, DMA_TO_DEVICE);

	if (ret)
		return ret;
	dev_info(dev, "%s: mapped %#llx\n", row, (u64)m.dma);
	unmap(&m, DMA_TO_DEVICE);
	return give(dev, DMA_SOURCE, m.dma);
}

static int address_of_coherent(struct device *dev)
{
	int ret = hold_coherent(dev, SIZE);

	if (ret)
		return ret;
	release(dev);
	return give(dev, DMA_SOURCE, held.dma);
}

/* The start of the address space, of which nothing is mapped. */
static int range_without_promise(struct device *dev)
{
	int ret = hold_buffer(dev, DMA_TO_DEVICE);

	return ret ? ret : give(dev, DMA_SOURCE, 0);
}

static int range_beyond_mapping(struct device *dev)
{
	int ret = hold_buffer(dev, DMA_TO_DEVICE);

	return ret ? ret : give(dev, DMA_COUNT, 2 * SIZE);
}

static int range_arithmetic(struct device *dev)
{
	int ret = hold_buffer(dev, DMA_TO_DEVICE);

	return ret ? ret : give(dev, DMA_SOURCE, held.dma + SIZE);
}

static int device_reads_from_device(struct device *dev)
{
	int ret = hold_buffer(dev, DMA_FROM_DEVICE);

	return ret ? ret : give(dev, DMA_SOURCE, held.dma);
}

static int device_writes_to_device(struct device *dev)
{
	int ret = hold_buffer(dev, DMA_TO_DEVICE);

	return ret ? ret : give(dev, DMA_DESTINATION, held.dma);
}

/* The device only reads the buffer. */
static int direction_too_wide(struct device *dev)
{
	int ret = hold_buffer(dev, DMA_BIDIRECTIONAL);

	return ret ? ret : give(dev, DMA_SOURCE, held.dma);
}

/* The values of both types happen to be the same. */
static int direction_of_engine(struct device *dev)
{
	return hold_buffer(dev, (enum dma_data_direction)DMA_MEM_TO_DEV);
}

/* A device may need addresses that are aligned to more than kmalloc() does. */
static int buffer_unaligned(struct device *dev)
{
	void *cpu = kzalloc(SIZE, GFP_KERNEL);

	return cpu ? hold(dev, cpu, cpu + 8, SIZE - 8, DMA_TO_DEVICE) : -ENOMEM;
}

/* A buffer that is sent is also queued to receive. */
static int two_transfers(struct device *dev)
{
	int ret = hold_buffer(dev, DMA_TO_DEVICE);
	dma_addr_t again;

	if (ret)
		return ret;
	again = dma_map_single(dev, held.allocated, SIZE, DMA_FROM_DEVICE);
	if (dma_mapping_error(dev, again))
		return -EIO;
	ret = give(dev, DMA_DESTINATION, again);
	dma_unmap_single(dev, again, SIZE, DMA_FROM_DEVICE);
	return ret;
}

/* The result is not compared with zero. */
static int sg_error_unchecked(struct device *dev)
{
	int ret = fill_sg(dev, &held_sg, 2, 0);

	if (ret)
		return ret;
	held_sg.mapped = dma_map_sg(dev, held_sg.list, held_sg.count, DMA_TO_DEVICE);
	dev_info(dev, "%s: mapped %#llx\n", row, (u64)sg_dma_address(held_sg.list));
	return 0;
}

/* The engine gets as many entries as the list had before an IOMMU merged them. */
static int sg_count_before_map(struct device *dev)
{
	int i, ret = sg_error_unchecked(dev);

	for (i = 0; !ret && i < held_sg.count; i++)
		ret = give(dev, DMA_SOURCE, sg_dma_address(&held_sg.list[i]));
	return ret;
}

/* Asks dma_mapping_error() whether there is memory, which does not know. */
static int coherent_unchecked(struct device *dev)
{
	void *cpu = dma_alloc_coherent(dev, SIZE, &held.dma, GFP_KERNEL);

	if (dma_mapping_error(dev, held.dma))
		return -ENOMEM;
	held.allocated = cpu;
	held.size = SIZE;
	held.coherent = true;
	dev_info(dev, "%s: mapped %#llx\n", row, (u64)held.dma);
	return 0;
}

/* The default of 32 bits, although the device has less. */
static int mask_not_set(struct device *dev)
{
	return hold_buffer(dev, DMA_TO_DEVICE);
}

static int mask_too_wide(struct device *dev)
{
	int ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64));

	return ret ? ret : hold_buffer(dev, DMA_TO_DEVICE);
}

static int mask_unchecked(struct device *dev)
{
	dma_set_mask_and_coherent(dev, DMA_BIT_MASK(28));
	return hold_buffer(dev, DMA_TO_DEVICE);
}

static int mask_not_coherent(struct device *dev)
{
	/* Without an IOMMU no memory may have such an address. */
	int ret = use_dma_iommu(dev) ? dma_set_mask(dev, DMA_BIT_MASK(28)) : -EOPNOTSUPP;

	return ret ? ret : hold_coherent(dev, SIZE);
}

/* A device without a mask cannot map. The kernel warns of it once. */
static dma_addr_t map_without_mask(struct device *dev, void *cpu)
{
	u64 *mask = dev->dma_mask;
	dma_addr_t dma;

	dev->dma_mask = NULL;
	dma = dma_map_single(dev, cpu, SIZE, DMA_TO_DEVICE);
	dev->dma_mask = mask;
	return dma;
}

static int mask_missing(struct device *dev)
{
	struct mapping m = { .cpu = kzalloc(SIZE, GFP_KERNEL) };

	if (!m.cpu)
		return -ENOMEM;
	m.dma = map_without_mask(dev, m.cpu);
	kfree(m.cpu);
	if (!dma_mapping_error(dev, m.dma))
		return -EIO;
	dev_info(dev, "%s: not mapped\n", row);
	return 0;
}

/* Checks for an error, and goes on as if there were none. */
static int map_error_ignored(struct device *dev)
{
	struct mapping m = { .cpu = kzalloc(SIZE, GFP_KERNEL) };

	if (!m.cpu)
		return -ENOMEM;
	m.dma = map_without_mask(dev, m.cpu);
	kfree(m.cpu);
	if (dma_mapping_error(dev, m.dma))
		dev_info(dev, "%s: not mapped\n", row);
	return give(dev, DMA_SOURCE, m.dma);
}

/* Does not free a buffer that cannot be mapped; remove() does. */
static int map_error_leaks(struct device *dev)
{
	held.allocated = kzalloc(SIZE, GFP_KERNEL);
	if (!held.allocated)
		return -ENOMEM;
	if (!dma_mapping_error(dev, map_without_mask(dev, held.allocated)))
		return -EIO;
	dev_info(dev, "%s: not mapped, not freed\n", row);
	return 0;
}

/* The index is in the memory of the device, which may change it between both reads. */
static int number_read_twice(struct device *dev)
{
	int ret = hold_coherent(dev, SIZE);
	u32 *index = held.allocated;
	u8 table[4] = { };

	if (ret)
		return ret;
	return READ_ONCE(*index) < ARRAY_SIZE(table) ? table[READ_ONCE(*index)] : -EIO;
}

/* The device has not written, so that the index is zero. */
static int untrusted_index(struct device *dev)
{
	int ret = hold_coherent(dev, SIZE);
	u32 *index = held.allocated;
	u8 table[4] = { };

	return ret ? ret : table[READ_ONCE(*index)];
}

/* The product does not fit, and is SIZE. */
static int pages_size(struct device *dev)
{
	u32 count = BIT(22) + 1;

	return hold_coherent(dev, count * SIZE);
}

/* Syncs @size bytes for the device or the CPU, which reads or writes the buffer afterwards. */
static int hold_and_sync(struct device *dev, enum dma_data_direction dir, size_t size, bool for_cpu)
{
	int ret = hold_buffer(dev, dir);

	if (ret)
		return ret;
	if (for_cpu)
		dma_sync_single_for_cpu(dev, held.dma, size, dir);
	else
		dma_sync_single_for_device(dev, held.dma, size, dir);
	if (dir == DMA_FROM_DEVICE)
		READ_ONCE(*((u8 *)held.allocated + SIZE - 1));
	return 0;
}

static int sync_empty(struct device *dev)
{
	return hold_and_sync(dev, DMA_TO_DEVICE, 0, false);
}

/* The CPU also reads the second half. */
static int sync_too_short(struct device *dev)
{
	return hold_and_sync(dev, DMA_FROM_DEVICE, SIZE / 2, true);
}

/* The CPU reads, after a sync for the device. */
static int sync_for_wrong_owner(struct device *dev)
{
	return hold_and_sync(dev, DMA_FROM_DEVICE, SIZE, false);
}

/* The unmap after a sync for the CPU discards what the CPU has written to a bounced buffer. */
static int sync_before_unmap(struct device *dev)
{
	int ret = hold_and_sync(dev, DMA_FROM_DEVICE, SIZE, true);

	if (!ret)
		WRITE_ONCE(*(u8 *)held.allocated, 0x5a);
	return ret;
}

/* The address of coherent memory in vmalloc space has no physical one. */
static int physical_printed(struct device *dev)
{
	int ret = hold_coherent(dev, SIZE);

	if (!ret)
		dev_info(dev, "%s: at %#llx\n", row, (u64)virt_to_phys(held.allocated));
	return ret;
}

/* The debugger does not compare this attribute. */
static int coherent_attributes(struct device *dev)
{
	dma_addr_t dma;
	void *cpu = dma_alloc_wc(dev, SIZE, &dma, GFP_KERNEL);

	if (!cpu)
		return -ENOMEM;
	dma_free_coherent(dev, SIZE, cpu, dma);
	dev_info(dev, "%s: freed without an attribute\n", row);
	return 0;
}

/* dma_free_attrs() warns. Memory that is in vmalloc space would need a context that may sleep. */
static int coherent_freed_irqs_off(struct device *dev)
{
	struct mapping m;
	unsigned long flags;
	int ret = get_coherent(dev, &m);

	if (ret)
		return ret;
	local_irq_save(flags);
	put_coherent(&m, 0, SIZE);
	local_irq_restore(flags);
	return 0;
}

/* As above, without a warning. */
static int coherent_freed_bh_off(struct device *dev)
{
	struct mapping m;
	int ret = get_coherent(dev, &m);

	if (ret)
		return ret;
	local_bh_disable();
	put_coherent(&m, 0, SIZE);
	local_bh_enable();
	dev_info(dev, "%s: freed with bottom halves off\n", row);
	return 0;
}

/* Two objects of a pool, which can be destroyed if as many are freed as were allocated. */
struct objects {
	struct dma_pool *pool;
	void *cpu[2];
	dma_addr_t dma[2];
};

static int get_objects(struct objects *o)
{
	o->cpu[0] = dma_pool_alloc(o->pool, GFP_KERNEL, &o->dma[0]);
	o->cpu[1] = dma_pool_alloc(o->pool, GFP_KERNEL, &o->dma[1]);
	return o->cpu[0] && o->cpu[1] ? 0 : -ENOMEM;
}

static int create_pool(struct device *dev, struct objects *o)
{
	o->pool = dma_pool_create(KBUILD_MODNAME, dev, SIZE, 0, 0);
	return o->pool ? get_objects(o) : -ENOMEM;
}

static void destroy_pool(struct objects *o)
{
	dma_pool_free(o->pool, o->cpu[0], o->dma[0]);
	dma_pool_free(o->pool, o->cpu[1], o->dma[1]);
	dma_pool_destroy(o->pool);
}

static int pool_freed_twice(struct device *dev)
{
	struct objects o;
	/* With this option pools check themselves, and refuse the second call. */
	int ret = IS_ENABLED(CONFIG_SLUB_DEBUG_ON) ? -EOPNOTSUPP : create_pool(dev, &o);

	if (ret)
		return ret;
	dma_pool_free(o.pool, o.cpu[0], o.dma[0]);
	dma_pool_free(o.pool, o.cpu[0], o.dma[0]);
	ret = get_objects(&o);
	if (!ret && o.cpu[0] == o.cpu[1])
		dev_info(dev, "%s: allocated twice\n", row);
	destroy_pool(&o);
	return ret;
}

static int pool_address(struct device *dev)
{
	struct objects o, after;
	int ret = create_pool(dev, &o);

	if (ret)
		return ret;
	dma_pool_free(o.pool, o.cpu[0], o.dma[1]);
	dma_pool_free(o.pool, o.cpu[1], o.dma[0]);
	after.pool = o.pool;
	ret = get_objects(&after);
	if (!ret && after.cpu[0] == o.cpu[1] && after.dma[0] == o.dma[0])
		dev_info(dev, "%s: allocated with another address\n", row);
	destroy_pool(&after);
	return ret;
}

/* Nothing was allocated from the pool, which remove() destroys. */
static struct dma_pool *leaked_pool;

static int pool_leaked(struct device *dev)
{
	leaked_pool = dma_pool_create(KBUILD_MODNAME, dev, SIZE, 0, 0);
	if (!leaked_pool)
		return -ENOMEM;
	dev_info(dev, "%s: not destroyed\n", row);
	return 0;
}

/* The buffer does not begin at a page, so that the IOMMU maps its page. */
static int map_empty(struct device *dev)
{
	void *cpu;
	dma_addr_t dma;

	/* Without an IOMMU the size is a BUG_ON() in swiotlb. */
	if (!use_dma_iommu(dev))
		return -EOPNOTSUPP;
	cpu = kzalloc(SIZE, GFP_KERNEL);
	if (!cpu)
		return -ENOMEM;
	dma = dma_map_single(dev, cpu + 8, 0, DMA_TO_DEVICE);
	if (!dma_mapping_error(dev, dma)) {
		dev_info(dev, "%s: the address is %#llx\n", row, (u64)dma);
		dma_unmap_single(dev, dma, 0, DMA_TO_DEVICE);
	}
	kfree(cpu);
	return 0;
}

/* Maps a list whose second entry is empty, or no entry of it. */
static int map_empty_list(struct device *dev, int count)
{
	struct sg_mapping m;
	int ret = use_dma_iommu(dev) ? fill_sg(dev, &m, 2, 0) : -EOPNOTSUPP;

	if (ret)
		return ret;
	m.list[1].length = 0;
	m.mapped = dma_map_sg(dev, m.list, count, DMA_TO_DEVICE);
	dev_info(dev, "%s: mapped as %d entries\n", row, m.mapped);
	if (m.mapped)
		dma_unmap_sg(dev, m.list, count, DMA_TO_DEVICE);
	free_sg(&m);
	return 0;
}

static int sg_empty_entry(struct device *dev)
{
	return map_empty_list(dev, 2);
}

static int sg_no_entries(struct device *dev)
{
	return map_empty_list(dev, 0);
}

/* A driver in C keeps the address beside the buffer of a command that completed. */
static int command_range_kept(struct device *dev)
{
	return range_after_unmap(dev);
}

/*
 * Maps a size that is not a multiple of the page size, at reserved addresses. The DMA API itself
 * rounds sizes up before it calls iommu_map().
 */
static int iommu_map_unaligned(struct device *dev)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_ZERO, 2);
	struct dma_iova_state state;
	int ret;

	if (!page)
		return -ENOMEM;
	if (dma_iova_try_alloc(dev, &state, 0, 4 * PAGE_SIZE)) {
		ret = iommu_map(iommu_get_domain_for_dev(dev), state.addr, page_to_phys(page),
				2 * PAGE_SIZE + 1, IOMMU_READ, GFP_KERNEL);
		dma_iova_free(dev, &state);
		ret = ret == -EINVAL ? 0 : -EIO;
	} else {
		ret = -EOPNOTSUPP;
	}
	__free_pages(page, 2);
	return ret;
}

static const struct {
	const char *name;
	int (*commit)(struct device *dev);
} rows[] = {
	{ "pending_at_release", pending_at_release },
	{ "free_invalid_address", free_invalid_address },
	{ "free_not_allocated", free_not_allocated },
	{ "free_size", free_size },
	{ "free_function", free_function },
	{ "free_cpu_address", free_cpu_address },
	{ "free_sg_count", free_sg_count },
	{ "free_direction", free_direction },
	{ "free_attributes", free_attributes },
	{ "map_error_unchecked", map_error_unchecked },
	{ "map_stack", map_stack },
	{ "map_rodata", map_rodata },
	{ "map_invalid_area", map_invalid_area },
	{ "map_vmalloc", map_vmalloc },
	{ "sync_not_allocated", sync_not_allocated },
	{ "sync_outside_range", sync_outside_range },
	{ "sync_direction", sync_direction },
	{ "sync_read_only_for_cpu", sync_read_only_for_cpu },
	{ "sync_write_only_for_device", sync_write_only_for_device },
	{ "sync_sg_count", sync_sg_count },
	{ "sg_too_long", sg_too_long },
	{ "sg_boundary", sg_boundary },
	{ "resource_of_ram", resource_of_ram },
	{ "overlapping_cache_lines", overlapping_cache_lines },
	{ "cpu_reads_mapped", cpu_reads_mapped },
	{ "cpu_writes_mapped", cpu_writes_mapped },
	{ "buffer_freed_mapped", buffer_freed_mapped },
	{ "uninitialised", uninitialised },
	{ "padding", padding },
	{ "shared_cache_line", shared_cache_line },
	{ "command_memory_used", command_memory_used },
	{ "descriptor_read_owned", descriptor_read_owned },
	{ "user_pages_unpinned", user_pages_unpinned },
	{ "range_after_unmap", range_after_unmap },
	{ "command_range_kept", command_range_kept },
	{ "iommu_map_unaligned", iommu_map_unaligned },
	{ "coherent_leaked", coherent_leaked },
	{ "pool_destroyed_busy", pool_destroyed_busy },
	{ "free_never_mapped", free_never_mapped },
	{ "free_address", free_address },
	{ "coherent_size", coherent_size },
	{ "coherent_freed_twice", coherent_freed_twice },
	{ "coherent_in_parts", coherent_in_parts },
	{ "coherent_address", coherent_address },
	{ "error_of_other_device", error_of_other_device },
	{ "sync_never_mapped", sync_never_mapped },
	{ "sg_never_mapped", sg_never_mapped },
	{ "address_of_coherent", address_of_coherent },
	{ "range_without_promise", range_without_promise },
	{ "range_beyond_mapping", range_beyond_mapping },
	{ "range_arithmetic", range_arithmetic },
	{ "device_reads_from_device", device_reads_from_device },
	{ "device_writes_to_device", device_writes_to_device },
	{ "direction_too_wide", direction_too_wide },
	{ "direction_of_engine", direction_of_engine },
	{ "buffer_unaligned", buffer_unaligned },
	{ "two_transfers", two_transfers },
	{ "sg_count_before_map", sg_count_before_map },
	{ "sg_error_unchecked", sg_error_unchecked },
	{ "coherent_unchecked", coherent_unchecked },
	{ "mask_not_set", mask_not_set },
	{ "mask_too_wide", mask_too_wide },
	{ "mask_unchecked", mask_unchecked },
	{ "mask_not_coherent", mask_not_coherent },
	{ "mask_missing", mask_missing },
	{ "map_error_ignored", map_error_ignored },
	{ "map_error_leaks", map_error_leaks },
	{ "number_read_twice", number_read_twice },
	{ "untrusted_index", untrusted_index },
	{ "pages_size", pages_size },
	{ "sync_empty", sync_empty },
	{ "sync_too_short", sync_too_short },
	{ "sync_for_wrong_owner", sync_for_wrong_owner },
	{ "sync_before_unmap", sync_before_unmap },
	{ "physical_printed", physical_printed },
	{ "coherent_attributes", coherent_attributes },
	{ "coherent_freed_irqs_off", coherent_freed_irqs_off },
	{ "coherent_freed_bh_off", coherent_freed_bh_off },
	{ "pool_freed_twice", pool_freed_twice },
	{ "pool_address", pool_address },
	{ "pool_leaked", pool_leaked },
	{ "map_empty", map_empty },
	{ "sg_empty_entry", sg_empty_entry },
	{ "sg_no_entries", sg_no_entries },
};

/* Returns the index of a row, or -EINVAL. */
static int find_row(const char *name)
{
	int i;

	for (i = 0; name && i < ARRAY_SIZE(rows); i++) {
		if (!strcmp(rows[i].name, name))
			return i;
	}
	return -EINVAL;
}

static void list_rows(void)
{
	int i;

	pr_err("no row is named '%s'\n", row ? row : "");
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		pr_err("row: %s\n", rows[i].name);
}

/* Undoes what may be undone, so that the next row finds the device as this one did. */
static void tidy(struct device *dev)
{
	release(dev);
	release_sg();
	dma_pool_destroy(leaked_pool);
	leaked_pool = NULL;
	dma_set_mask_and_coherent(dev, DMA_BIT_MASK(32));
}

static int misuse_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct device *dev = &pdev->dev;
	int ret;

	/* Cache maintenance of an invalid address would be fatal. */
	if (!dev_is_dma_coherent(dev)) {
		dev_err(dev, "the device is not coherent: some rows would be fatal\n");
		return -EOPNOTSUPP;
	}

	ret = rows[find_row(row)].commit(dev);
	if (ret) {
		tidy(dev);
		dev_err(dev, "%s could not be committed: %d\n", row, ret);
	} else {
		dev_info(dev, "%s is committed\n", row);
	}
	return ret;
}

static void misuse_remove(struct pci_dev *pdev)
{
	tidy(&pdev->dev);
}

static const struct pci_device_id misuse_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{ }
};

static struct pci_driver misuse_driver = {
	.name = KBUILD_MODNAME,
	.id_table = misuse_ids,
	.probe = misuse_probe,
	.remove = misuse_remove,
};

static int __init misuse_init(void)
{
	if (find_row(row) < 0) {
		list_rows();
		return -EINVAL;
	}
	return pci_register_driver(&misuse_driver);
}
module_init(misuse_init);

static void __exit misuse_exit(void)
{
	pci_unregister_driver(&misuse_driver);
	clear_pending();
}
module_exit(misuse_exit);

MODULE_DESCRIPTION("Commits misuses of the DMA API on QEMU's edu device");
MODULE_LICENSE("GPL");
