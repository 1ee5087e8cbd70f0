uniform vec3 zenith;
uniform vec3 horizon;
uniform vec3 sun;
uniform vec3 sun_direction;
uniform float cloud;

// Light that comes from a direction of the sky; the ground half gives the horizon's colour.
vec3 sky_light(vec3 direction) {
    float up = max(direction.z, 0.0);
    vec3 light = mix(horizon, zenith, 1.0 - exp(-up * 3.2));
    float towards = max(dot(direction, sun_direction), 0.0);
    light += sun * (0.10 * pow(towards, 6.0) + 0.28 * pow(towards, 48.0));
    return light;
}
