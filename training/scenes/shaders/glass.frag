#version 330
// From light to bytes: drops and dirt on the glass, glare, exposure, film curve, vignette.
in vec2 at;
uniform sampler2D scene;
uniform sampler2D glare;
uniform sampler2D glass;
uniform float exposure;
uniform float veil;
uniform vec3 veil_light;
uniform float vignette;
out vec4 bytes_out;

void main() {
    // Row 0 of the picture is its top.
    vec2 up = vec2(at.x, 1.0 - at.y);
    vec4 pane = texture(glass, at);
    vec2 bent = (pane.rg - 0.5) * 0.35;
    vec3 sharp = texture(scene, up + vec2(bent.x, -bent.y)).rgb;
    vec3 soft = texture(glare, up + vec2(bent.x, -bent.y) * 0.5).rgb;
    vec3 light = mix(sharp, soft, 0.05);
    light = mix(light, soft * 0.75, pane.b * 0.85);
    light += veil_light * pane.a * veil;
    light *= exposure;
    float side = length((at - 0.5) * vec2(1.25, 1.0));
    light *= 1.0 - vignette * smoothstep(0.25, 0.95, side);
    // A cheap sensor: straight in the shadows, a short shoulder, burnt lights.
    vec3 film = light / (light + 0.22) * 1.22;
    film = mix(light * 1.15, film, smoothstep(0.0, 0.5, light));
    vec3 bytes = pow(clamp(film, 0.0, 1.0), vec3(1.0 / 2.2));
    bytes_out = vec4(mix(bytes, bytes * bytes * (3.0 - 2.0 * bytes), 0.45), 1.0);
}
