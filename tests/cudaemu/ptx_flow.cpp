/* PTX: branches, ends, barriers, and what the lanes of a warp do together.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "ptx_code.h"

namespace emu
{
namespace ptx
{

namespace
{

constexpr uint32_t WARP = 32;

const Site &site_of(const Frame &f, const Op &o)
{
    return f.program->sites[o.target];
}

/* ---- branches -------------------------------------------------------------------------------- */

void run_branch(Frame &f, const Op &o)
{
    f.next = o.target;
}

void run_end(Frame &f, const Op &)
{
    f.next = static_cast<uint32_t>(f.program->code.size());
}

void run_trap(Frame &f, const Op &o)
{
    stop(f, o, "trap", "trap");
}

void lower_branch(Lowering &l)
{
    l.take("uni");
    l.no_more_words();
    l.operands(1);
    l.op.target = static_cast<uint32_t>(l.instruction().target);
    l.set_handler(&run_branch);
}

void lower_end(Lowering &l, Handler h)
{
    if (l.opcode() == "ret") l.take("uni");
    l.no_more_words();
    l.operands(0);
    l.set_handler(h);
}

/* ---- barriers of a block --------------------------------------------------------------------- */

void run_barrier(Frame &f, const Op &o)
{
    barrier(site_of(f, o), Gather::None, 0);
}

enum GatherFlags : uint16_t { NEGATED = 1 };
template <Gather G> void run_gather(Frame &f, const Op &o)
{
    const bool given = get_predicate(f, o.s[0]) != ((o.flags & NEGATED) != 0);
    put<uint32_t>(f, o.d, static_cast<uint32_t>(barrier(site_of(f, o), G, given)));
}

/* The library's kernels have one barrier, for all threads. */
void check_barrier_number(Lowering &l, size_t i)
{
    const Operand &number = l.operand(i);
    if (number.kind != Operand::Kind::Immediate || number.bits != 0)
        l.fail("only barrier 0 is known here");
}

void lower_gather(Lowering &l)
{
    const bool all = l.take("and"), any = !all && l.take("or");
    if (!all && !any && !l.take("popc")) l.fail("unknown reduction");
    const Type t = l.take_type();
    if (t != (all || any ? Type::Pred : Type::U32)) l.fail("the result has another type");
    l.no_more_words();
    l.operands(3);
    check_barrier_number(l, 1);
    bool negated = false;
    l.op.s[0] = l.predicate(2, &negated);
    if (negated) l.op.flags |= NEGATED;
    l.op.d = l.result(0, t);
    l.op.target = l.site();
    l.set_handler(all   ? &run_gather<Gather::And>
                  : any ? &run_gather<Gather::Or>
                        : &run_gather<Gather::Count>);
}

void run_warp_barrier(Frame &f, const Op &o)
{
    warp_barrier(site_of(f, o), get<uint32_t>(f, o.s[0]));
}

void lower_barrier(Lowering &l)
{
    if (l.opcode() == "bar" && l.take("warp")) {
        if (!l.take("sync")) l.fail("unknown barrier of a warp");
        l.no_more_words();
        l.operands(1);
        l.op.s[0] = l.source(0, Type::B32);
        l.op.target = l.site();
        l.set_handler(&run_warp_barrier);
        return;
    }
    l.take("cta");
    const bool gathers = l.take("red");
    if (!gathers && !l.take("sync")) l.fail("unknown barrier");
    l.take("aligned");
    if (gathers) {
        lower_gather(l);
        return;
    }
    l.no_more_words();
    l.operands(1);
    check_barrier_number(l, 0);
    l.op.target = l.site();
    l.set_handler(&run_barrier);
}

/* ---- shuffles -------------------------------------------------------------------------------- */

enum Mode : uint16_t { UP, DOWN, BUTTERFLY, INDEX };

/* The manual's rule: `c` has the clamp in its bits 0 to 4 and in 8 to 12 the bits of a lane's
 * number that must stay as they are. Sets whether the lane that is asked for is in range. */
uint32_t source_lane(uint16_t mode, uint32_t lane, uint32_t b, uint32_t c, bool *in_range)
{
    const uint32_t clamp = c & 31u, segment = c >> 8 & 31u;
    const uint32_t limit = (lane & segment) | (clamp & ~segment), first = lane & segment;
    b &= 31u;
    uint32_t j = 0;
    switch (mode) {
    case UP:
        j = lane - b;
        *in_range = static_cast<int32_t>(j) >= static_cast<int32_t>(limit);
        return *in_range ? j : lane;
    case DOWN: j = lane + b; break;
    case BUTTERFLY: j = lane ^ b; break;
    default: j = first | (b & ~segment); break;
    }
    *in_range = j <= limit;
    return *in_range ? j : lane;
}

void run_shuffle(Frame &f, const Op &o)
{
    bool in_range = false;
    const uint32_t j = source_lane(o.flags, here.thread % WARP, get<uint32_t>(f, o.s[1]),
                                   get<uint32_t>(f, o.s[2]), &in_range);
    const uint64_t v =
        warp_shuffle(site_of(f, o), get<uint32_t>(f, o.s[3]), Shuffle::Index,
                     get<uint32_t>(f, o.s[0]), static_cast<int>(j), static_cast<int>(WARP));
    put<uint32_t>(f, o.d, static_cast<uint32_t>(v));
    f.slot[o.e] = in_range;
}

void lower_shuffle(Lowering &l)
{
    if (!l.take("sync")) l.fail("only shfl.sync is known here");
    l.op.flags = l.take("up") ? UP : l.take("down") ? DOWN : l.take("bfly") ? BUTTERFLY : INDEX;
    if (l.op.flags == INDEX && !l.take("idx")) l.fail("unknown shuffle");
    if (l.take_type() != Type::B32) l.fail("a shuffle is of .b32");
    l.no_more_words();
    l.operands(5);
    for (size_t i = 0; i < 4; i++) l.op.s[i] = l.source(i + 1, Type::B32);
    Operand unused;
    unused.kind = Operand::Kind::Nothing;
    const std::vector<Operand> &second = l.operand(0).second;
    l.op.d = l.result(0, Type::B32);
    l.op.e = l.result(second.empty() ? unused : second[0], Type::Pred);
    l.op.target = l.site();
    l.set_handler(&run_shuffle);
}

/* ---- votes ----------------------------------------------------------------------------------- */

enum class Vote { All, Any, Uniform, Ballot };
template <Vote V> void run_vote(Frame &f, const Op &o)
{
    const bool given = get_predicate(f, o.s[0]) != ((o.flags & NEGATED) != 0);
    const unsigned mask = get<uint32_t>(f, o.s[1]);
    const unsigned ballot = warp_ballot(site_of(f, o), mask, given);
    put<uint32_t>(f, o.d,
                  V == Vote::Ballot ? ballot
                  : V == Vote::All  ? ballot == mask
                  : V == Vote::Any  ? ballot != 0
                                    : ballot == mask || ballot == 0);
}

void lower_vote(Lowering &l)
{
    if (!l.take("sync")) l.fail("only vote.sync is known here");
    static const struct {
        const char *word;
        Handler handler;
    } votes[] = {{"all", &run_vote<Vote::All>},
                 {"any", &run_vote<Vote::Any>},
                 {"uni", &run_vote<Vote::Uniform>},
                 {"ballot", &run_vote<Vote::Ballot>}};
    size_t i = 0;
    while (i < std::size(votes) && !l.take(votes[i].word)) i++;
    if (i == std::size(votes)) l.fail("unknown vote");
    const Type t = l.take_type();
    if (t != (votes[i].handler == &run_vote<Vote::Ballot> ? Type::B32 : Type::Pred))
        l.fail("the result has another type");
    l.no_more_words();
    l.operands(3);
    bool negated = false;
    l.op.s[0] = l.predicate(1, &negated);
    if (negated) l.op.flags |= NEGATED;
    l.op.s[1] = l.source(2, Type::B32);
    l.op.d = l.result(0, t);
    l.op.target = l.site();
    l.set_handler(votes[i].handler);
}

} // namespace

void run_nothing(Frame &, const Op &)
{
}

bool lower_flow(Lowering &l)
{
    const std::string &o = l.opcode();
    if (o == "bra")
        lower_branch(l);
    else if (o == "ret" || o == "exit")
        lower_end(l, &run_end);
    else if (o == "trap")
        lower_end(l, &run_trap);
    else if (o == "bar" || o == "barrier")
        lower_barrier(l);
    else if (o == "shfl")
        lower_shuffle(l);
    else if (o == "vote")
        lower_vote(l);
    else
        return false;
    return true;
}

} // namespace ptx
} // namespace emu
