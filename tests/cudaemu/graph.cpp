/* Capture of streams into graphs, and their launch (NVIDIA, CUDA Runtime API 13.0, "Stream
 * Management" and "Graph Management"; CUDA C++ Programming Guide, "Creating a Graph Using Stream
 * Capture").
 *
 * A captured stream becomes a lane of the graph: its nodes come one after the other, and after
 * nodes of other lanes where it waited for an event. A launch queues the nodes in one of the orders
 * that the graph permits, as the test chose (EMU_ORDER), the first lane in the stream of the launch
 * and the others in streams of the executable graph. Their clocks hold what the graph promises and
 * no more, so two nodes that touch the same bytes without a path between them race in every order.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <algorithm>

#include "state.h"

namespace emu
{

namespace
{

struct Node {
    const char *name;
    Kind kind;
    Prepare prepare;
    size_t lane;
    std::vector<size_t> after; /* nodes, all of them earlier */
};
struct Graph {
    std::vector<Node> nodes;
    std::vector<int> lanes; /* the device of each */
};

struct Executable {
    std::shared_ptr<const Graph> graph;
    std::vector<std::shared_ptr<Stream>> lanes; /* all but the first */
    Position last;                              /* the end of the latest launch */
};

constexpr char GRAPH[] = "graph", EXECUTABLE[] = "executable graph";

} // namespace

/* Under way: among the active ones. Invalidated: only its streams still know it. */
struct Capture {
    cudaStreamCaptureMode mode;
    uint64_t thread;
    std::shared_ptr<Graph> graph;
    std::vector<std::shared_ptr<Stream>> lanes; /* the first is the one where it began */
    bool invalidated;
};

namespace
{

std::vector<std::shared_ptr<Capture>> &active()
{
    static auto *captures = new std::vector<std::shared_ptr<Capture>>();
    return *captures;
}

void deactivate(const Capture *c)
{
    std::vector<std::shared_ptr<Capture>> &all = active();
    all.erase(std::remove_if(all.begin(), all.end(), [=](auto &each) { return each.get() == c; }),
              all.end());
}

bool is_active(const Capture *c)
{
    return std::any_of(active().begin(), active().end(),
                       [=](auto &each) { return each.get() == c; });
}

/* The legacy stream would wait for a blocking stream that is capturing. */
Capture *captured_beside(const Stream *legacy)
{
    for (const std::shared_ptr<Capture> &c : active())
        for (const std::shared_ptr<Stream> &s : c->lanes)
            if (s->blocking && s->device == legacy->device) return c.get();
    return nullptr;
}

cudaError_t refuse_beside(const Stream *s)
{
    Capture *beside = s->legacy ? captured_beside(s) : nullptr;
    if (!beside) return cudaSuccess;
    violation("capture", "%s uses the legacy stream while a blocking stream is capturing",
              current_call());
    invalidate(beside);
    return cudaErrorStreamCaptureImplicit;
}

void enter_lane(Stream *s, const std::shared_ptr<Capture> &c, std::vector<size_t> tips)
{
    s->capture = c;
    s->lane = c->lanes.size();
    s->tips = std::move(tips);
    c->lanes.push_back(s->shared_from_this());
    c->graph->lanes.push_back(s->device);
}

void leave_lanes(Capture *c)
{
    for (const std::shared_ptr<Stream> &s : c->lanes) {
        s->capture = nullptr;
        s->tips.clear();
    }
}

void add_tips(Stream *s, const std::vector<size_t> &more)
{
    for (size_t node : more)
        if (std::find(s->tips.begin(), s->tips.end(), node) == s->tips.end())
            s->tips.push_back(node);
}

/* Which nodes some tips come after, themselves included. */
std::vector<bool> reached_from(const Graph &g, const std::vector<size_t> &tips)
{
    std::vector<bool> reached(g.nodes.size(), false);
    for (size_t node : tips) reached[node] = true;
    for (size_t i = g.nodes.size(); i-- > 0;)
        for (size_t node : g.nodes[i].after)
            if (reached[i]) reached[node] = true;
    return reached;
}

bool all_joined(const Capture &c)
{
    std::vector<bool> reached = reached_from(*c.graph, c.lanes[0]->tips);
    for (const std::shared_ptr<Stream> &s : c.lanes)
        for (size_t node : s->tips)
            if (!reached[node]) return false;
    return true;
}

/* How a capture may end, as seen from the stream: cudaSuccess if it was right until now. */
cudaError_t verdict(const Stream *s)
{
    const Capture *c = s->capture.get();
    if (c->invalidated) return cudaErrorStreamCaptureInvalidated;
    if (!all_joined(*c)) {
        violation("capture", "a stream that joined the capture was not joined back");
        return cudaErrorStreamCaptureUnjoined;
    }
    return cudaSuccess;
}

/* ---- launching ------------------------------------------------------------------------------- */

/* Nodes whose predecessors have all been taken, the next one as the order says. */
std::vector<size_t> order_of(const Graph &g)
{
    std::vector<size_t> order, ready, waits(g.nodes.size());
    for (size_t i = 0; i < g.nodes.size(); i++) {
        waits[i] = g.nodes[i].after.size();
        if (waits[i] == 0) ready.push_back(i);
    }
    while (!ready.empty()) {
        std::sort(ready.begin(), ready.end());
        size_t pick = 0;
        if (settings().order == EMU_DESCENDING) pick = ready.size() - 1;
        if (settings().order == EMU_RANDOM_ORDER)
            pick = choose(Choice::StreamOrder, uint32_t(ready.size()));
        size_t node = ready[pick];
        ready.erase(ready.begin() + ptrdiff_t(pick));
        order.push_back(node);
        for (size_t i = node + 1; i < g.nodes.size(); i++)
            for (size_t earlier : g.nodes[i].after)
                if (earlier == node && --waits[i] == 0) ready.push_back(i);
    }
    return order;
}

Run nothing()
{
    return nullptr;
}

void launch_nodes(Executable *e, Stream *s)
{
    const Graph &g = *e->graph;
    Position begin = enqueue_replayed(s, "cudaGraphLaunch", Kind::Mark, nothing, {e->last}, {});
    Position previous = begin;
    std::vector<Position> at(g.nodes.size());
    for (size_t i : order_of(g)) {
        const Node &node = g.nodes[i];
        Stream *lane = node.lane == 0 ? s : e->lanes[node.lane - 1].get();
        std::vector<Position> promised = {begin};
        for (size_t earlier : node.after) promised.push_back(at[earlier]);
        at[i] = enqueue_replayed(lane, node.name, node.kind, node.prepare, promised, previous);
        previous = at[i];
    }
    e->last = enqueue_replayed(s, "the end of a graph", Kind::Mark, nothing, at, previous);
    count_graph(g.nodes.size());
}

Executable *executable_of(cudaGraphExec_t handle)
{
    return static_cast<Executable *>(handle_object(handle, EXECUTABLE));
}

std::shared_ptr<const Graph> *graph_of(cudaGraph_t handle)
{
    return static_cast<std::shared_ptr<const Graph> *>(handle_object(handle, GRAPH));
}

} // namespace

/* ---- capturing ------------------------------------------------------------------------------- */

void record_node(Stream *s, const char *name, Kind kind, Prepare prepare)
{
    Capture *c = s->capture.get();
    if (c->invalidated) return;
    c->graph->nodes.push_back({name, kind, std::move(prepare), s->lane, s->tips});
    s->tips = {c->graph->nodes.size() - 1};
    trace("capture %s, lane %zu, node %zu", name, s->lane, s->tips[0]);
}

void invalidate(Capture *c)
{
    c->invalidated = true;
    deactivate(c);
}

Stream *stream_for_work(cudaStream_t handle, cudaError_t *error)
{
    Stream *s = stream_of(handle);
    *error = cudaErrorInvalidResourceHandle;
    if (!s) return nullptr;
    *error = refuse_beside(s);
    if (s->capture && s->capture->invalidated) *error = cudaErrorStreamCaptureInvalidated;
    return *error == cudaSuccess ? s : nullptr;
}

cudaError_t not_captured(Stream *s, const char *why)
{
    if (!s->capture) return cudaSuccess;
    violation("capture", "%s in a stream that is capturing: %s", current_call(), why);
    invalidate(s->capture.get());
    return cudaErrorStreamCaptureUnsupported;
}

/* Global captures forbid such calls to all threads, thread-local ones to their own. */
cudaError_t forbidden_in_capture(const Call &call)
{
    if (!(call.kind() & NOT_IN_CAPTURE)) return cudaSuccess;
    uint64_t thread = this_thread();
    for (const std::shared_ptr<Capture> &c : active()) {
        bool forbids = c->mode == cudaStreamCaptureModeGlobal ||
                       (c->mode == cudaStreamCaptureModeThreadLocal && c->thread == thread);
        if (!forbids) continue;
        violation("capture", "%s while a stream is capturing", call.name());
        invalidate(c.get());
        return cudaErrorStreamCaptureUnsupported;
    }
    return cudaSuccess;
}

cudaError_t refuse_capturing(Stream *s)
{
    cudaError_t error = refuse_beside(s);
    return error == cudaSuccess ? not_captured(s, "nothing of it runs") : error;
}

cudaError_t refuse_capturing_device(int device)
{
    for (const std::shared_ptr<Capture> &c : active())
        for (const std::shared_ptr<Stream> &s : c->lanes)
            if (s->device == device) return not_captured(s.get(), "the device is waited for");
    return cudaSuccess;
}

/* ---- events ---------------------------------------------------------------------------------- */

CapturedRecord captured_record(const Stream *s)
{
    return {s->capture, s->tips};
}

cudaError_t refuse_captured(const CapturedRecord &r)
{
    if (!r.capture) return cudaSuccess;
    violation("capture", "%s asks an event that was last recorded in a capture", current_call());
    invalidate(r.capture.get());
    return cudaErrorCapturedEvent;
}

cudaError_t wait_for_captured(Stream *s, const CapturedRecord &r)
{
    if (!is_active(r.capture.get())) {
        violation("capture", "a stream waits for an event of a capture that has ended");
        return cudaErrorCapturedEvent;
    }
    if (s->legacy) {
        violation("capture", "the legacy stream waits for an event of a capture");
        invalidate(r.capture.get());
        return cudaErrorStreamCaptureImplicit;
    }
    if (!s->capture) {
        enter_lane(s, r.capture, r.tips);
    } else if (s->capture == r.capture) {
        add_tips(s, r.tips);
    } else {
        violation("capture", "one capture waits for an event of another");
        invalidate(r.capture.get());
        invalidate(s->capture.get());
        return cudaErrorStreamCaptureMerge;
    }
    return cudaSuccess;
}

void reset_captures()
{
    active().clear();
}

} // namespace emu

using namespace emu;

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, enum cudaStreamCaptureMode mode)
{
    Call call("cudaStreamBeginCapture", PLAIN);
    cudaError_t error = begin(call, cudaErrorUnknown);
    if (error != cudaSuccess) return error;
    Stream *s = stream_of(stream);
    if (!s) return remember(cudaErrorInvalidResourceHandle);
    if (mode < cudaStreamCaptureModeGlobal || mode > cudaStreamCaptureModeRelaxed)
        return remember(cudaErrorInvalidValue);
    if (s->legacy) {
        violation("capture", "the legacy stream cannot be captured");
        return remember(cudaErrorStreamCaptureUnsupported);
    }
    if (s->capture) {
        violation("capture", "the stream is capturing already");
        return remember(cudaErrorIllegalState);
    }
    auto c = std::make_shared<Capture>();
    c->mode = mode;
    c->thread = this_thread();
    c->graph = std::make_shared<Graph>();
    enter_lane(s, c, {});
    active().push_back(c);
    return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph)
{
    Call call("cudaStreamEndCapture", PLAIN);
    cudaError_t error = begin(call, cudaErrorUnknown);
    if (error != cudaSuccess) return error;
    Stream *s = stream_of(stream);
    if (!s) return remember(cudaErrorInvalidResourceHandle);
    if (!graph) return remember(cudaErrorInvalidValue);
    std::shared_ptr<Capture> c = s->capture;
    *graph = nullptr;
    if (!c || s->lane != 0) {
        violation("capture", "a capture is ended that did not begin in this stream");
        return remember(c ? cudaErrorStreamCaptureUnmatched : cudaErrorIllegalState);
    }
    if (c->mode != cudaStreamCaptureModeRelaxed && c->thread != this_thread()) {
        violation("capture", "a capture is ended by another thread than began it");
        return remember(cudaErrorStreamCaptureWrongThread);
    }
    error = verdict(s);
    leave_lanes(c.get());
    deactivate(c.get());
    if (error != cudaSuccess) return remember(error);
    auto *made = new std::shared_ptr<const Graph>(c->graph);
    *graph = static_cast<cudaGraph_t>(make_handle(GRAPH, made));
    return cudaSuccess;
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, enum cudaStreamCaptureStatus *status)
{
    Call call("cudaStreamIsCapturing", PLAIN);
    cudaError_t error = begin(call, cudaErrorUnknown);
    if (error != cudaSuccess) return error;
    Stream *s = stream_of(stream);
    if (!s) return remember(cudaErrorInvalidResourceHandle);
    /* Documented, and the capture goes on. */
    if (s->legacy && captured_beside(s)) return remember(cudaErrorStreamCaptureImplicit);
    *status = !s->capture               ? cudaStreamCaptureStatusNone
              : s->capture->invalidated ? cudaStreamCaptureStatusInvalidated
                                        : cudaStreamCaptureStatusActive;
    return cudaSuccess;
}

/* ---- graphs ---------------------------------------------------------------------------------- */

cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t *nodes, size_t *count)
{
    Call call("cudaGraphGetNodes", PLAIN);
    cudaError_t error = begin(call, cudaErrorUnknown);
    if (error != cudaSuccess) return error;
    std::shared_ptr<const Graph> *g = graph_of(graph);
    if (!g) return remember(cudaErrorInvalidResourceHandle);
    if (!count) return remember(cudaErrorInvalidValue);
    if (nodes) violation("unsupported", "handles of nodes are not emulated, only their number");
    *count = (*g)->nodes.size();
    return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *executable, cudaGraph_t graph,
                                 unsigned long long flags)
{
    Call call("cudaGraphInstantiate", PLAIN);
    cudaError_t error = begin(call, cudaErrorMemoryAllocation);
    if (error != cudaSuccess) return error;
    std::shared_ptr<const Graph> *g = graph_of(graph);
    if (!g) return remember(cudaErrorInvalidResourceHandle);
    if (!executable) return remember(cudaErrorInvalidValue);
    if (flags != 0) {
        violation("enum", "flags of cudaGraphInstantiate are not emulated");
        return remember(cudaErrorNotSupported);
    }
    Executable *e = new Executable();
    e->graph = *g;
    for (size_t i = 1; i < e->graph->lanes.size(); i++)
        e->lanes.push_back(new_stream(e->graph->lanes[i], false));
    *executable = static_cast<cudaGraphExec_t>(make_handle(EXECUTABLE, e));
    return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream)
{
    Call call("cudaGraphLaunch", PLAIN);
    cudaError_t error = begin(call, cudaErrorUnknown);
    if (error != cudaSuccess) return error;
    Executable *e = executable_of(executable);
    Stream *s = stream_for_work(stream, &error);
    if (!e || !s) return remember(e ? error : cudaErrorInvalidResourceHandle);
    error = not_captured(s, "graphs inside graphs are not emulated");
    if (error != cudaSuccess) return remember(error);
    if (s->device != e->graph->lanes[0]) {
        violation("other-device", "a graph of device %d is launched in a stream of device %d",
                  e->graph->lanes[0], s->device);
        return remember(cudaErrorInvalidResourceHandle);
    }
    launch_nodes(e, s);
    return cudaSuccess;
}

/* What was launched goes on. */
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable)
{
    Call call("cudaGraphExecDestroy", INFALLIBLE);
    cudaError_t error = begin_release(call);
    if (error != cudaSuccess) return error;
    Executable *e = static_cast<Executable *>(retire_handle(executable, EXECUTABLE));
    if (!e) return remember(cudaErrorInvalidResourceHandle);
    int device = e->graph->lanes[0];
    for (const std::shared_ptr<Stream> &lane : e->lanes) abandon_stream(lane.get());
    delete e;
    return end_release(device);
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph)
{
    Call call("cudaGraphDestroy", INFALLIBLE);
    cudaError_t error = begin_release(call);
    if (error != cudaSuccess) return error;
    auto *g = static_cast<std::shared_ptr<const Graph> *>(retire_handle(graph, GRAPH));
    if (!g) return remember(cudaErrorInvalidResourceHandle);
    int device = (*g)->lanes[0];
    delete g;
    return end_release(device);
}
