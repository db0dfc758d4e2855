/* Counters: what the program asked of the device. Never a time.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <map>

#include "state.h"

namespace emu
{

namespace
{

using Tally = std::map<std::string, int64_t>;

struct Counts {
    emu_counts total = {};
    Tally calls, kernels;
    double flops = 0;
};

Counts &counts()
{
    static Counts *c = new Counts();
    return *c;
}

bool is_library_call(const char *name)
{
    return strncmp(name, "cu", 2) == 0 && strncmp(name, "cuda", 4) != 0;
}

void append(std::string *json, const char *key, int64_t value)
{
    char text[128];
    snprintf(text, sizeof text, "\"%s\": %" PRId64, key, value);
    if (json->back() != '{') *json += ", ";
    *json += text;
}

void append(std::string *json, const char *key, const Tally &tally)
{
    *json += std::string(", \"") + key + "\": {";
    for (const auto &[name, n] : tally) {
        /* Kernels of templates are called by their source text: quotes and backslashes cannot be
         * excluded. */
        std::string escaped;
        for (char c : name) {
            if (c == '"' || c == '\\') escaped += '\\';
            escaped += c;
        }
        append(json, escaped.c_str(), n);
    }
    *json += "}";
}

} // namespace

void count_call(const char *name, unsigned kind)
{
    Counts &c = counts();
    c.calls[name]++;
    c.total.api_calls++;
    if (is_library_call(name)) c.total.library_calls++;
    if (kind & SYNCHRONISES) c.total.syncs++;
    if (kind & HIDDEN_SYNC) c.total.hidden_syncs++;
    if (kind & ALLOCATES) c.total.allocations++;
    if (kind & FREES) c.total.frees++;
}

void count_sync(bool hidden)
{
    (hidden ? counts().total.hidden_syncs : counts().total.syncs)++;
}

void count_graph(size_t nodes)
{
    counts().total.graph_launches++;
    counts().total.graph_nodes += int64_t(nodes);
}

void count_library_op()
{
    counts().total.library_ops++;
}

void count_launch(const char *kernel)
{
    counts().total.launches++;
    counts().kernels[kernel]++;
}

void count_bytes(cudaMemcpyKind kind, size_t bytes)
{
    emu_counts &t = counts().total;
    t.copies++;
    if (kind == cudaMemcpyHostToDevice) t.bytes_h2d += int64_t(bytes);
    if (kind == cudaMemcpyDeviceToHost) t.bytes_d2h += int64_t(bytes);
    if (kind == cudaMemcpyDeviceToDevice) t.bytes_d2d += int64_t(bytes);
}

void count_memset(size_t bytes)
{
    counts().total.copies++;
    counts().total.bytes_memset += int64_t(bytes);
}

void count_kernel_bytes(size_t read, size_t written)
{
    counts().total.kernel_bytes_read += int64_t(read);
    counts().total.kernel_bytes_written += int64_t(written);
}

void count_traffic(size_t fetched, size_t stored)
{
    counts().total.bytes_fetched += int64_t(fetched);
    counts().total.bytes_stored += int64_t(stored);
}

void count_flops(double flops)
{
    counts().flops += flops;
}

void count_device_bytes(size_t live)
{
    int64_t *peak = &counts().total.peak_device_bytes;
    *peak = std::max(*peak, int64_t(live));
}

} // namespace emu

using namespace emu;

void emu_counters(struct emu_counts *c)
{
    Locked locked(global_lock());
    *c = counts().total;
}

void emu_counters_clear(void)
{
    Locked locked(global_lock());
    counts() = Counts();
    size_t live = 0;
    for (int d = 0; d < settings().devices; d++) live += live_bytes(d);
    count_device_bytes(live);
}

const char *emu_counters_json(void)
{
    Locked locked(global_lock());
    static std::string json;
    const Counts &c = counts();
    const emu_counts &t = c.total;
    json = "{";
    append(&json, "launches", t.launches);
    append(&json, "library_calls", t.library_calls);
    append(&json, "library_ops", t.library_ops);
    append(&json, "copies", t.copies);
    append(&json, "api_calls", t.api_calls);
    append(&json, "graph_launches", t.graph_launches);
    append(&json, "graph_nodes", t.graph_nodes);
    append(&json, "syncs", t.syncs);
    append(&json, "hidden_syncs", t.hidden_syncs);
    append(&json, "allocations", t.allocations);
    append(&json, "frees", t.frees);
    append(&json, "bytes_h2d", t.bytes_h2d);
    append(&json, "bytes_d2h", t.bytes_d2h);
    append(&json, "bytes_d2d", t.bytes_d2d);
    append(&json, "bytes_memset", t.bytes_memset);
    append(&json, "kernel_bytes_read", t.kernel_bytes_read);
    append(&json, "kernel_bytes_written", t.kernel_bytes_written);
    append(&json, "bytes_fetched", t.bytes_fetched);
    append(&json, "bytes_stored", t.bytes_stored);
    append(&json, "peak_device_bytes", t.peak_device_bytes);
    append(&json, "flops", int64_t(c.flops));
    append(&json, "kernels", c.kernels);
    append(&json, "calls", c.calls);
    json += "}";
    return json.c_str();
}
