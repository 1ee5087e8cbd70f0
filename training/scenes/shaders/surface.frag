#version 330
// A lit surface: sun with shadow, sky, street lamps, the own headlights, gloss, wet ground and fog.
in vec3 world;
in vec3 normal;
in vec2 uv;
in vec4 colour;
in vec3 in_shadow;
flat in float layer;
flat in float gloss;
flat in float glow;
flat in int kind;

uniform sampler2DArray textures;
uniform sampler2DShadow shadows;
uniform sampler2D mirror;
uniform vec3 eye;
uniform vec3 ahead;
uniform vec3 ground_light;
uniform float fog;
uniform float lamps_on;
uniform float headlights;
uniform float wet;
uniform float mirrored;
uniform vec2 pixels;
uniform int lamp_count;
uniform vec3 lamps[8];
#include "sky.glsl"

out vec4 light_out;

const int GROUND = 1, GLASS = 2, FOLIAGE = 3, WINDOW = 4;
const vec3 LAMP = vec3(1.0, 0.66, 0.36);
const vec3 HEADLIGHT = vec3(1.0, 0.93, 0.80);

float sunlit() {
    if (sun.r <= 0.0) return 0.0;
    if (in_shadow.x < 0.0 || in_shadow.x > 1.0 || in_shadow.y < 0.0 || in_shadow.y > 1.0) return 1.0;
    float sum = 0.0;
    for (int i = -1; i <= 1; i += 2)
        for (int j = -1; j <= 1; j += 2)
            sum += texture(shadows, vec3(in_shadow.xy + vec2(i, j) * 0.00035, in_shadow.z - 0.0012));
    return sum * 0.25;
}

vec3 from_lamps(vec3 n) {
    vec3 sum = vec3(0.0);
    for (int i = 0; i < lamp_count; i++) {
        vec3 way = lamps[i] - world;
        float square = dot(way, way) + 1.0;
        vec3 to = way * inversesqrt(square);
        float down = smoothstep(0.10, 0.75, to.z);
        sum += LAMP * (max(dot(n, to), 0.0) * 0.85 + 0.15) * down * 14.0 / square;
    }
    return sum * lamps_on;
}

vec3 from_headlights(vec3 n) {
    vec3 way = world - (eye + vec3(0.0, 0.0, 0.66 - eye.z) + ahead * 1.3);
    float along = dot(way, ahead);
    if (along < 0.1) return vec3(0.0);
    float side = (way.x * ahead.y - way.y * ahead.x) / along;
    float up = way.z / along;
    float beam = exp(-side * side * 7.0) * 0.65 + exp(-side * side * 1.6) * 0.35;
    // Low beam: little above the cut-off, a kink to the kerb side.
    float cut = 0.012 + 0.05 * smoothstep(0.0, -0.12, side);
    beam *= mix(1.0, 0.24, smoothstep(cut - 0.015, cut + 0.03, up)) * smoothstep(-0.30, -0.06, up);
    float square = dot(way, way) + 6.0;
    float facing = max(dot(n, -normalize(way)), 0.0) * 0.85 + 0.15;
    return HEADLIGHT * beam * facing * headlights * 210.0 / square;
}

void main() {
    if (mirrored > 0.5 && world.z < 0.02) discard;
    vec4 tile = texture(textures, vec3(uv, layer));
    if (kind == FOLIAGE && tile.a < 0.5) discard;
    vec3 n = normalize(normal + vec3(0.0, 0.0, 1e-4));
    vec3 view = normalize(world - eye);
    if (kind == FOLIAGE && dot(n, view) > 0.0) n = normalize(n - 1.2 * dot(n, view) * view);
    // At a triangle's rim a sample may lie outside it, where colours run beyond their range.
    vec3 base = pow(clamp(colour.rgb, 0.0, 1.0), vec3(2.2));
    vec3 albedo = base * (tile.rgb * tile.rgb * 4.0);
    float soaked = 0.0;
    if (kind == GROUND) {
        float large = texture(textures, vec3(world.xy / 13.0, 10.0)).r;
        float fine = texture(textures, vec3(world.yx / 3.1, 10.0)).r;
        albedo *= 0.80 + 0.32 * large + 0.12 * fine;
        soaked = wet * smoothstep(0.30, 0.62, large * 0.6 + fine * 0.4);
        albedo *= 1.0 - 0.45 * wet;
    } else {
        float grime = texture(textures, vec3(world.xy / 7.0 + world.z / 5.0, 10.0)).r;
        albedo *= 0.87 + 0.26 * grime;
    }
    float shade = sunlit();
    float canyon = mix(0.62, 1.0, smoothstep(0.0, 12.0, world.z)) * colour.a;
    vec3 sky = mix(horizon, zenith, 0.45) * (1.0 - 0.25 * cloud * step(0.01, sun.r));
    vec3 ambient = mix(ground_light, sky, 0.5 + 0.5 * n.z) * canyon;
    float facing = dot(n, sun_direction);
    facing = kind == FOLIAGE ? facing * 0.5 + 0.5 : max(facing, 0.0);
    vec3 lamp = from_lamps(n);
    vec3 head = from_headlights(n);
    vec3 light = albedo * (ambient + sun * facing * shade + lamp + head);

    float fresnel = pow(1.0 - clamp(-dot(n, view), 0.0, 1.0), 5.0);
    vec3 bounce = reflect(view, n);
    if (gloss > 0.0) {
        // What is low in the sky is houses, not sky.
        vec3 above = sky_light(bounce) * (0.22 + 0.78 * smoothstep(0.02, 0.42, bounce.z));
        float mirror_share = kind == GROUND ? 0.0 : gloss * mix(0.07, 0.9, fresnel);
        if (kind == GLASS || kind == WINDOW) mirror_share = gloss * mix(0.10, 1.0, fresnel);
        light += above * mirror_share * mix(0.5, 1.0, canyon);
        float shine = pow(max(dot(bounce, sun_direction), 0.0), 60.0);
        light += sun * shade * shine * gloss * (kind == GROUND ? 0.25 : 2.2);
        light += (lamp + head * 0.6) * gloss * 0.12;
    }
    if (kind == GROUND && wet > 0.0) {
        vec2 at = gl_FragCoord.xy / pixels;
        float ripple = (texture(textures, vec3(world.xy / 0.9, 10.0)).r - 0.5) * 0.012;
        vec3 seen = vec3(0.0);
        for (int i = 0; i < 4; i++)
            seen += texture(mirror, at + vec2(ripple, ripple * 2.0 + (float(i) - 0.5) * 0.012)).rgb;
        float share = mix(0.03, 0.85, pow(1.0 - clamp(-view.z, 0.0, 1.0), 4.0));
        light = mix(light, seen * 0.25, share * mix(0.35 * wet, 0.9, soaked));
    }
    if (kind == WINDOW) light += glow * lamps_on * vec3(1.0, 0.72, 0.40) * 0.35 * (0.6 + 0.4 * n.z + 0.4);
    else if (glow > 0.0) light += base * glow * max(lamps_on, headlights) * 4.0;
    float clear = exp(-fog * distance(world, eye));
    light = mix(horizon, light, clear);
    light_out = vec4(light, 1.0);
}
