/* SPDX-License-Identifier: Apache-2.0 */
#include "ptx_fixture.h"

namespace ptx_test
{

namespace
{

using namespace emu::ptx;

std::string module_text(const std::string &body, const std::string &before,
                        const std::string &registers)
{
    return ".version 9.0\n.target sm_75\n.address_size 64\n.file 1 \"/source/sample.cu\"\n" +
           before +
           "\n.visible .entry k(.param .u64 k_in, .param .u64 k_out)\n{\n"
           ".reg .b64 %in, %out, %at;\n.reg .b32 %n;\n" +
           registers + "\nld.param.u64 %in, [k_in];\nld.param.u64 %out, [k_out];\n" + body +
           "\nret;\n}\n";
}

const char *register_type(char letter)
{
    switch (letter) {
    case 'p': return ".pred";
    case 'h': return ".b16";
    case 'r': return ".b32";
    case 'R': return ".b64";
    case 'f': return ".f32";
    default: return ".f64";
    }
}

const char *memory_type(char letter)
{
    switch (letter) {
    case 'h': return ".u16";
    case 'p':
    case 'r': return ".u32";
    case 'R': return ".u64";
    case 'f': return ".f32";
    default: return ".f64";
    }
}

const char *const source_names[] = {"%a", "%b", "%c", "%g"}, *const result_names[] = {"%d", "%e"};

std::string declarations(const std::string &results, const std::string &sources)
{
    std::string text;
    for (size_t i = 0; i < results.size(); i++)
        text += std::string(".reg ") + register_type(results[i]) + " " + result_names[i] + ";\n";
    for (size_t i = 0; i < sources.size(); i++)
        text += std::string(".reg ") + register_type(sources[i]) + " " + source_names[i] + ";\n";
    return text;
}

std::string load(char letter, const char *name, size_t offset)
{
    const std::string place = ", [%at+" + std::to_string(offset) + "];\n";
    if (letter == 'p') return "ld.global.u32 %n" + place + "setp.ne.u32 " + name + ", %n, 0;\n";
    return std::string("ld.global") + memory_type(letter) + " " + name + place;
}

std::string store(char letter, const char *name, size_t offset)
{
    const std::string place = " [%at+" + std::to_string(offset) + "], ";
    if (letter == 'p')
        return std::string("selp.u32 %n, 1, 0, ") + name + ";\nst.global.u32" + place + "%n;\n";
    return std::string("st.global") + memory_type(letter) + place + name + ";\n";
}

std::string address(const char *base, size_t bytes)
{
    return "mov.u32 %n, %tid.x;\nmad.wide.u32 %at, %n, " + std::to_string(bytes) + ", " + base +
           ";\n";
}

uint64_t *device_words(const Words &words)
{
    void *p = nullptr;
    OK(cudaMalloc(&p, words.size() * sizeof(uint64_t) + 8));
    OK(cudaMemcpy(p, words.data(), words.size() * sizeof(uint64_t), cudaMemcpyHostToDevice));
    return static_cast<uint64_t *>(p);
}

} // namespace

Code::Code(const std::string &body, const std::string &before, const std::string &registers)
    : module_(parse("sample.ptx", module_text(body, before, registers))),
      program_(make_program(module_, module_.kernels.at("k")))
{
}

Words Code::run(const Words &in, Words out, dim3 block, dim3 grid, size_t dynamic) const
{
    uint64_t *parameters[2] = {device_words(in), device_words(out)};
    const auto bytes = reinterpret_cast<const uint8_t *>(parameters);
    const emu::Grid g{"k",  grid, block, dynamic, [this, bytes] { run_thread(*program_, bytes); },
                      this, true};
    OK(emu::launch(g.key, g, cudaStreamLegacy));
    static_cast<void>(cudaDeviceSynchronize()); /* a violation may have been recorded */
    OK(cudaMemcpy(out.data(), parameters[1], out.size() * sizeof out[0], cudaMemcpyDeviceToHost));
    for (uint64_t *p : parameters) OK(cudaFree(p));
    return out;
}

std::string refusal(const std::string &instruction)
{
    const std::string registers =
        ".reg .pred %p<4>; .reg .b16 %h<4>; .reg .b32 %r<5>; .reg .b64 %rd<4>; .reg .f32 %f<4>; "
        ".reg .f64 %fd<4>;\n.shared .align 4 .b8 tile[64];\n";
    try {
        Code code(instruction, "", registers);
    } catch (const Error &error) {
        return error.what();
    }
    return "";
}

std::vector<Words> evaluate(const std::string &types, const std::string &instruction,
                            const std::vector<Words> &rows)
{
    constexpr size_t AT_ONCE = 1024;
    const size_t equals = types.find('=');
    const std::string results = types.substr(0, equals), sources = types.substr(equals + 1);
    std::string body = address("%in", 8 * sources.size());
    for (size_t i = 0; i < sources.size(); i++) body += load(sources[i], source_names[i], 8 * i);
    body += instruction + "\n" + address("%out", 8 * results.size());
    for (size_t i = 0; i < results.size(); i++) body += store(results[i], result_names[i], 8 * i);
    const Code code(body, "", declarations(results, sources));

    std::vector<Words> found;
    for (size_t begin = 0; begin < rows.size(); begin += AT_ONCE) {
        const size_t n = std::min(AT_ONCE, rows.size() - begin);
        Words in;
        for (size_t i = 0; i < n; i++)
            in.insert(in.end(), rows[begin + i].begin(), rows[begin + i].end());
        const Words out = code.run(in, Words(n * results.size()), dim3(static_cast<unsigned>(n)));
        for (size_t i = 0; i < n; i++)
            found.emplace_back(out.begin() + static_cast<long>(i * results.size()),
                               out.begin() + static_cast<long>((i + 1) * results.size()));
    }
    return found;
}

std::vector<Words> rows_of(const Words &values, size_t n)
{
    return rows_of(values, n, {}, 0);
}

std::vector<Words> rows_of(const Words &values, size_t n, const Words &last, size_t lasts)
{
    std::vector<Words> rows = {{}};
    for (size_t i = 0; i < n + lasts; i++) {
        std::vector<Words> longer;
        for (const Words &row : rows)
            for (uint64_t v : i < n ? values : last) {
                longer.push_back(row);
                longer.back().push_back(v);
            }
        rows = longer;
    }
    return rows;
}

} // namespace ptx_test
