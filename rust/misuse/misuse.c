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
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/hex.h>
#include <linux/io.h>
#include <linux/iommu.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pci.h>
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

static void release(struct device *dev)
{
	if (!held.size)
		return;
	if (held.coherent) {
		dma_free_coherent(dev, held.size, held.allocated, held.dma);
	} else {
		dma_unmap_single(dev, held.dma, held.size, held.dir);
		kfree(held.allocated);
	}
	held.size = 0;
}

/* Mapped after unbind, until the module is unloaded. */
static struct mapping pending;

static int pending_at_release(struct device *dev)
{
	int ret = map(dev, &pending, DMA_TO_DEVICE);

	if (ret)
		pending.dev = NULL;
	else
		get_device(dev);
	return ret;
}

static void clear_pending(void)
{
	struct device *dev = pending.dev;

	if (!dev)
		return;
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

static int map_sg(struct device *dev, struct sg_mapping *m, int count, unsigned int order)
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
	u8 *cpu = kzalloc(SIZE, GFP_KERNEL);
	int ret;

	if (!cpu)
		return -ENOMEM;
	ret = hold(dev, cpu, cpu, SIZE, DMA_FROM_DEVICE);
	if (!ret)
		READ_ONCE(*cpu);
	return ret;
}

static int cpu_writes_mapped(struct device *dev)
{
	u8 *cpu = kzalloc(SIZE, GFP_KERNEL);
	int ret;

	if (!cpu)
		return -ENOMEM;
	ret = hold(dev, cpu, cpu, SIZE, DMA_TO_DEVICE);
	if (!ret)
		WRITE_ONCE(*cpu, 0x5a);
	return ret;
}

/* Mapped for reads, so that the unmap copies nothing to memory that may be reused. */
static int buffer_freed_mapped(struct device *dev)
{
	void *cpu = kzalloc(SIZE, GFP_KERNEL);
	int ret;

	if (!cpu)
		return -ENOMEM;
	ret = hold(dev, cpu, cpu, SIZE, DMA_TO_DEVICE);
	if (!ret) {
		kfree(cpu);
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
	u32 *descriptor = dma_alloc_coherent(dev, SIZE, &held.dma, GFP_KERNEL);

	if (!descriptor)
		return -ENOMEM;
	held.allocated = descriptor;
	held.size = SIZE;
	held.coherent = true;
	dev_info(dev, "%s: mapped %#llx\n", row, (u64)held.dma);

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

/* An address register, which the device does not use before a transfer is started. */
#define DMA_SOURCE 0x80

static int range_after_unmap(struct device *dev)
{
	struct pci_dev *pdev = to_pci_dev(dev);
	struct mapping m;
	void __iomem *regs;
	int ret = map(dev, &m, DMA_TO_DEVICE);

	if (ret)
		return ret;
	unmap(&m, DMA_TO_DEVICE);

	ret = pci_enable_device(pdev);
	if (ret)
		return ret;
	regs = pci_iomap(pdev, 0, 0);
	if (regs) {
		iowrite32(lower_32_bits(m.dma), regs + DMA_SOURCE);
		dev_info(dev, "%s: mapped %#llx, unmapped, the device has %#x\n", row, (u64)m.dma,
			 ioread32(regs + DMA_SOURCE));
		pci_iounmap(pdev, regs);
	} else {
		ret = -ENOMEM;
	}
	pci_disable_device(pdev);
	return ret;
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
	size_t i, len = 0, size = 1024;
	char *text = kzalloc(size, GFP_KERNEL);

	if (!text)
		return;
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		len += scnprintf(text + len, size - len, " %s", rows[i].name);
	pr_err("no row is named '%s'; the rows are:%s\n", row ? row : "", text);
	kfree(text);
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
		release(dev);
		dev_err(dev, "%s could not be committed: %d\n", row, ret);
	} else {
		dev_info(dev, "%s is committed\n", row);
	}
	return ret;
}

static void misuse_remove(struct pci_dev *pdev)
{
	release(&pdev->dev);
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
