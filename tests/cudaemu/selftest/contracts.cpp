/* The contract table: makes every mistake, prints what caught it, and fails if something did not.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "contracts.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <elf.h>
#include <set>

#include "../emu_library.h"

namespace contracts
{

namespace
{

const char *const titles[] = {"wrong ld",  "host pointer", "freed", "other device",
                              "workspace", "range",        "handle"};
const char *const expected_kinds[] = {"ld",        "host-pointer", "freed", "other-device",
                                      "workspace", "range",        "handle"};
constexpr size_t BLAS_WORKSPACE = size_t(16) << 10; /* the least that is enough */
constexpr int64_t SMALLEST = 4, LARGEST = 64;

[[noreturn]] void give_up(const char *what)
{
    fprintf(stderr, "contracts: %s failed\n", what);
    exit(2);
}

void must(int status, const char *what)
{
    if (status != 0) give_up(what);
}

/* ---- handles --------------------------------------------------------------------------------- */

struct Handles {
    cublasHandle_t blas = nullptr;
    cusolverDnHandle_t solver = nullptr;
    cusolverDnParams_t params = nullptr;
    cudaStream_t stream = nullptr;
    cudaEvent_t event = nullptr;
    void *workspace = nullptr;
};

Handles make_handles(int device)
{
    Handles h;
    must(cudaSetDevice(device), "cudaSetDevice");
    must(cudaStreamCreateWithFlags(&h.stream, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
    must(cudaEventCreateWithFlags(&h.event, cudaEventDisableTiming), "cudaEventCreateWithFlags");
    must(cudaMalloc(&h.workspace, BLAS_WORKSPACE), "cudaMalloc");
    must(cublasCreate(&h.blas), "cublasCreate");
    must(cublasSetStream(h.blas, h.stream), "cublasSetStream");
    must(cublasSetWorkspace(h.blas, h.workspace, BLAS_WORKSPACE), "cublasSetWorkspace");
    must(cusolverDnCreate(&h.solver), "cusolverDnCreate");
    must(cusolverDnSetStream(h.solver, h.stream), "cusolverDnSetStream");
    must(cusolverDnCreateParams(&h.params), "cusolverDnCreateParams");
    must(cudaSetDevice(0), "cudaSetDevice");
    return h;
}

void end_handles(const Handles &h)
{
    must(cublasDestroy(h.blas), "cublasDestroy");
    must(cusolverDnDestroy(h.solver), "cusolverDnDestroy");
    must(cusolverDnDestroyParams(h.params), "cusolverDnDestroyParams");
    must(cudaFree(h.workspace), "cudaFree");
    must(cudaEventDestroy(h.event), "cudaEventDestroy");
    must(cudaStreamDestroy(h.stream), "cudaStreamDestroy");
}

void take(Trial *t, Handle which, const Handles &from)
{
    switch (which) {
    case Handle::Blas: t->blas = from.blas; break;
    case Handle::Solver: t->solver = from.solver; break;
    case Handle::Params: t->params = from.params; break;
    case Handle::Stream: t->stream = from.stream; break;
    case Handle::Event: t->event = from.event; break;
    }
}

struct World {
    Handles good, ended, other_device, without_stream;

    World()
        : good(make_handles(0)), ended(make_handles(0)), other_device(make_handles(1)),
          without_stream(make_handles(0))
    {
        end_handles(ended);
        must(cudaStreamDestroy(without_stream.stream), "cudaStreamDestroy");
    }
    ~World()
    {
        must(cudaStreamCreateWithFlags(&without_stream.stream, cudaStreamNonBlocking), "a stream");
        for (const Handles *h : {&good, &other_device, &without_stream}) end_handles(*h);
    }
    World(const World &) = delete;
};

/* ---- one trial ------------------------------------------------------------------------------- */

/* A mistake of a kind, in one place: an argument's number, or which handle. */
struct Plan {
    int mistake; /* MISTAKES: none */
    size_t place;
    std::function<void(Trial *)> change; /* of handles */
};

class Memory
{
  public:
    Memory(const std::vector<Buffer> &buffers, const Plan &plan) : buffers_(buffers)
    {
        for (size_t i = 0; i < buffers.size(); i++) make(i, plan);
        for (size_t i = 0; i < buffers.size(); i++)
            if (!buffers[i].entries.empty()) link(i);
        must(cudaDeviceSynchronize(), "cudaDeviceSynchronize");
    }
    ~Memory()
    {
        for (void *q : device_) must(cudaFree(q), "cudaFree");
    }
    Memory(const Memory &) = delete;
    const std::vector<void *> &addresses() const
    {
        return p_;
    }

  private:
    size_t bytes(size_t i) const
    {
        return buffers_[i].element * buffers_[i].count;
    }

    void make(size_t i, const Plan &plan)
    {
        int mistake = plan.place == i ? plan.mistake : int(MISTAKES);
        size_t size = bytes(i) - (mistake == RANGE ? buffers_[i].element : 0);
        if (mistake == HOST_POINTER) {
            host_.emplace_back(size);
            p_.push_back(host_.back().data());
            return;
        }
        void *q = nullptr;
        must(cudaSetDevice(mistake == OTHER_DEVICE ? 1 : 0), "cudaSetDevice");
        /* Its last element is past the end, even if that is all it had. */
        must(cudaMalloc(&q, std::max<size_t>(size, 1)), "cudaMalloc");
        must(cudaMemsetAsync(q, 0, std::max<size_t>(size, 1), cudaStreamPerThread),
             "cudaMemsetAsync");
        must(cudaStreamSynchronize(cudaStreamPerThread), "cudaStreamSynchronize");
        must(cudaSetDevice(0), "cudaSetDevice");
        if (mistake == FREED)
            must(cudaFree(q), "cudaFree");
        else
            device_.push_back(q);
        p_.push_back(q);
    }

    /* The entries of an array of pointers, unless the array itself is the mistake. */
    void link(size_t i)
    {
        if (std::find(device_.begin(), device_.end(), p_[i]) == device_.end()) return;
        const emu::Allocation *a = emu::find(p_[i]);
        if (a->bytes < bytes(i) || a->device != 0) return;
        std::vector<void *> entries;
        for (size_t e : buffers_[i].entries) entries.push_back(p_[e]);
        must(cudaMemcpy(p_[i], entries.data(), bytes(i), cudaMemcpyHostToDevice), "cudaMemcpy");
    }

    std::vector<Buffer> buffers_;
    std::vector<void *> p_, device_;
    std::vector<std::vector<char>> host_;
};

/* Did the call, or the work it queued, report this kind first? `kind` "status": a documented
 * refusal without report. */
bool caught(int status, int at_call, const char *kind)
{
    if (strcmp(kind, "status") == 0) return status != 0 && emu_violations() == 0;
    if (emu_violations() == 0 || strcmp(emu_violation_kind(0), kind) != 0) return false;
    return at_call == 0 || status != 0;
}

const char *kind_of(const Row &row, int mistake)
{
    auto special = row.kinds.find(Mistake(mistake));
    return special == row.kinds.end() ? expected_kinds[mistake] : special->second.c_str();
}

std::string describe(int status)
{
    std::string text = "status " + std::to_string(status);
    for (int i = 0; i < emu_violations(); i++)
        text += std::string(", [") + emu_violation_kind(i) + "] " + emu_violation_text(i);
    return text;
}

Trial rightly(const World &world, int64_t n)
{
    Trial t = {};
    t.n = n;
    t.bad_ld = -1;
    for (Handle h : {Handle::Blas, Handle::Solver, Handle::Params, Handle::Stream, Handle::Event})
        take(&t, h, world.good);
    return t;
}

/* An order whose workspaces are not empty, so that there is something to get wrong. */
int64_t choose_order(const World &world, const Row &row)
{
    if (!row.query) return SMALLEST;
    for (int64_t n = SMALLEST; n < LARGEST; n++) {
        Trial t = rightly(world, n);
        must(row.query(t), row.name.c_str());
        if (t.device_need > 0 && (t.host_need > 0 || !row.host_workspace)) return n;
    }
    give_up("the search for a size with workspaces");
}

enum WorkspacePlace : size_t { DEVICE_PART, HOST_PART };

/* Makes the call with one mistake, and waits for its work. */
bool attempt(const World &world, const Row &row, int64_t n, const Plan &plan)
{
    Trial t = rightly(world, n);
    std::vector<Buffer> buffers = row.buffers(n);
    if (row.query) {
        must(row.query(t), row.name.c_str());
        buffers.push_back({"workspace", row.workspace_unit, t.device_need, {}});
        t.device_size =
            t.device_need - (plan.mistake == WORKSPACE && plan.place == DEVICE_PART ? 1 : 0);
        t.host_size = t.host_need - (plan.mistake == WORKSPACE && plan.place == HOST_PART ? 1 : 0);
        t.host.resize(t.host_need);
    }
    Memory memory(buffers, plan);
    t.p = memory.addresses();
    if (plan.mistake == LD) t.bad_ld = int(plan.place);
    if (plan.change) plan.change(&t);

    emu_collect(1);
    int status = row.call(t), at_call = emu_violations();
    (void)cudaDeviceSynchronize();
    bool good = plan.mistake == MISTAKES ? status == 0 && emu_violations() == 0
                                         : caught(status, at_call, kind_of(row, plan.mistake));
    if (!good)
        fprintf(stderr, "NOT CAUGHT: %s, %s, place %zu: %s\n", row.name.c_str(),
                plan.mistake == MISTAKES ? "no mistake" : titles[plan.mistake], plan.place,
                describe(status).c_str());
    emu_collect(0);
    (void)cudaGetLastError();
    return good;
}

/* ---- plans ----------------------------------------------------------------------------------- */

bool uses(const Row &row, Handle h)
{
    return std::find(row.handles.begin(), row.handles.end(), h) != row.handles.end();
}

void plan_handles(const World &world, const Row &row, std::vector<Plan> *plans)
{
    auto add = [&](std::function<void(Trial *)> change) {
        plans->push_back({HANDLE, plans->size(), std::move(change)});
    };
    for (Handle h : row.handles) {
        add([=, &world](Trial *t) { take(t, h, world.ended); });
        if (h != Handle::Stream) add([=](Trial *t) { take(t, h, Handles()); });
    }
    /* Of another device than the current one; a stream that is no more, where the call works in
     * one. */
    bool works = !row.buffers(SMALLEST).empty() && row.name != "cublasSetWorkspace_v2";
    for (Handle h : {Handle::Blas, Handle::Solver}) {
        if (!uses(row, h)) continue;
        add([=, &world](Trial *t) { take(t, h, world.other_device); });
        if (works) add([=, &world](Trial *t) { take(t, h, world.without_stream); });
        if (uses(row, Handle::Stream))
            add([&world](Trial *t) { take(t, Handle::Stream, world.other_device); });
    }
}

/* cuBLAS has its workspace from the handle: one byte less than the least, for the time of the
 * call. */
bool has_blas_workspace(const Row &row)
{
    return uses(row, Handle::Blas) && row.lds > 0;
}

std::vector<Plan> plans_for(const World &world, const Row &row, int mistake, size_t buffers)
{
    std::vector<Plan> plans;
    switch (mistake) {
    case LD:
        for (int i = 0; i < row.lds; i++) plans.push_back({LD, size_t(i), nullptr});
        break;
    case HOST_POINTER:
    case FREED:
    case OTHER_DEVICE:
    case RANGE:
        for (size_t i = 0; i < buffers; i++) plans.push_back({mistake, i, nullptr});
        break;
    case WORKSPACE:
        if (row.query) plans.push_back({WORKSPACE, DEVICE_PART, nullptr});
        if (row.query && row.host_workspace) plans.push_back({WORKSPACE, HOST_PART, nullptr});
        if (has_blas_workspace(row))
            plans.push_back(
                {WORKSPACE, 0, [&world](Trial *t) {
                     must(cublasSetWorkspace(t->blas, world.good.workspace, BLAS_WORKSPACE - 1),
                          "cublasSetWorkspace");
                 }});
        break;
    case HANDLE: plan_handles(world, row, &plans); break;
    default: break;
    }
    return plans;
}

void restore(const World &world)
{
    must(cublasSetStream(world.good.blas, world.good.stream), "cublasSetStream");
    must(cublasSetWorkspace(world.good.blas, world.good.workspace, BLAS_WORKSPACE),
         "cublasSetWorkspace");
}

/* ---- the table ------------------------------------------------------------------------------- */

class Reasons
{
  public:
    char letter(const std::string &reason)
    {
        for (size_t i = 0; i < all_.size(); i++)
            if (all_[i] == reason) return char('a' + i);
        all_.push_back(reason);
        return char('a' + all_.size() - 1);
    }
    void print() const
    {
        for (size_t i = 0; i < all_.size(); i++)
            printf("  -%c  %s\n", char('a' + i), all_[i].c_str());
    }

  private:
    std::vector<std::string> all_;
};

std::string implied_reason(int mistake)
{
    switch (mistake) {
    case LD: return "has no leading dimension or pitch";
    case WORKSPACE: return "has no workspace";
    case HANDLE: return "has no handle";
    default: return "takes no device memory";
    }
}

/* "caught", "NOT CAUGHT", or '-' with the letter of a reason. */
std::string cell(const World &world, const Row &row, int64_t n, int mistake, Reasons *reasons,
                 int *failures)
{
    auto excused = row.inapplicable.find(Mistake(mistake));
    if (excused != row.inapplicable.end())
        return std::string("-") + reasons->letter(excused->second);
    size_t buffers = row.buffers(n).size() + (row.query ? 1 : 0);
    std::vector<Plan> plans = plans_for(world, row, mistake, buffers);
    auto own = row.own.find(Mistake(mistake));
    if (plans.empty() && own == row.own.end())
        return std::string("-") + reasons->letter(implied_reason(mistake));
    bool good = true;
    for (const Plan &p : plans) {
        good = attempt(world, row, n, p) && good;
        restore(world);
    }
    for (size_t i = 0; own != row.own.end() && i < own->second.size(); i++) {
        Row itself = row;
        itself.call = own->second[i];
        good = attempt(world, itself, n, {mistake, i, nullptr}) && good;
    }
    if (!good) ++*failures;
    return good ? "caught" : "NOT CAUGHT";
}

void print_row(const std::string &name, const std::vector<std::string> &cells)
{
    printf("%-36s", name.c_str());
    for (const std::string &c : cells) printf(" %-12s", c.c_str());
    printf("\n");
}

/* ---- completeness ---------------------------------------------------------------------------- */

/* The functions of cuBLAS and cuSOLVER that the emulation exports. */
std::set<std::string> exported()
{
    Dl_info info;
    cublasStatus_t (*known)(cublasHandle_t) = cublasDestroy;
    void *address = nullptr;
    memcpy(&address, &known, sizeof address);
    if (!dladdr(address, &info)) give_up("dladdr");
    FILE *f = fopen(info.dli_fname, "rb");
    if (!f) give_up(info.dli_fname);
    std::vector<char> image;
    char part[65536];
    for (size_t got; (got = fread(part, 1, sizeof part, f)) > 0;)
        image.insert(image.end(), part, part + got);
    fclose(f);
    std::set<std::string> names;
    Elf64_Ehdr header;
    memcpy(&header, image.data(), sizeof header);
    auto section = [&](size_t i) {
        Elf64_Shdr s;
        memcpy(&s, image.data() + header.e_shoff + i * header.e_shentsize, sizeof s);
        return s;
    };
    for (size_t i = 0; i < header.e_shnum; i++) {
        Elf64_Shdr s = section(i);
        if (s.sh_type != SHT_DYNSYM) continue;
        const char *strings = image.data() + section(s.sh_link).sh_offset;
        for (size_t k = 0; k < s.sh_size / s.sh_entsize; k++) {
            Elf64_Sym symbol;
            memcpy(&symbol, image.data() + s.sh_offset + k * s.sh_entsize, sizeof symbol);
            std::string name = strings + symbol.st_name;
            bool library = name.rfind("cublas", 0) == 0 || name.rfind("cusolver", 0) == 0;
            if (library && symbol.st_shndx != SHN_UNDEF) names.insert(name);
        }
    }
    return names;
}

int check_completeness(const std::vector<Row> &rows)
{
    std::set<std::string> missing = exported();
    if (missing.empty()) give_up("the search for exported functions");
    for (const Row &r : rows) missing.erase(r.name);
    for (const std::string &name : missing) fprintf(stderr, "NO ROW: %s\n", name.c_str());
    return int(missing.size());
}

int run()
{
    emu_mode(EMU_LATE); /* keeps apart what the call finds and what its work finds */
    std::vector<Row> rows;
    for (std::vector<Row> (*part)() : {blas_rows, solver_rows, runtime_rows})
        for (Row &r : part()) rows.push_back(std::move(r));
    int failures = check_completeness(rows);
    Reasons reasons;
    {
        World world;
        print_row("call", std::vector<std::string>(titles, titles + MISTAKES));
        for (const Row &row : rows) {
            int64_t n = choose_order(world, row);
            if (!attempt(world, row, n, {MISTAKES, 0, nullptr})) failures++;
            restore(world);
            std::vector<std::string> cells;
            for (int m = 0; m < MISTAKES; m++)
                cells.push_back(cell(world, row, n, m, &reasons, &failures));
            print_row(row.name, cells);
        }
    }
    reasons.print();
    printf("%zu calls, %d failures\n", rows.size(), failures);
    return failures == 0 && emu_check_idle() == 0 ? 0 : 1;
}

} // namespace

} // namespace contracts

int main(void)
{
    return contracts::run();
}
