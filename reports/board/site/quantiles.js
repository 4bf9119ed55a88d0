// Quantiles of the normal and of Student's t distribution, to about 1e-13.

// Wichura 1988, Applied Statistics 37, algorithm AS 241 (PPND16).
const CENTRE = [
  [3.387132872796366608, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125,
    45921.953931549871457, 67265.770927008700853, 33430.575583588128105, 2509.0809287301226727],
  [1, 42.313330701600911252, 687.1870074920579083, 5394.1960214247511077, 21213.794301586595867,
    39307.89580009271061, 28729.085735721942674, 5226.495278852854561],
];
const MIDDLE = [
  [1.42343711074968357734, 4.6303378461565452959, 5.7694972214606914055, 3.64784832476320460504,
    1.27045825245236838258, 0.24178072517745061177, 0.0227238449892691845833, 7.7454501427834140764e-4],
  [1, 2.05319162663775882187, 1.6763848301838038494, 0.68976733498510000455, 0.14810397642748007459,
    0.0151986665636164571966, 5.475938084995344946e-4, 1.05075007164441684324e-9],
];
const TAIL = [
  [6.6579046435011037772, 5.4637849111641143699, 1.7848265399172913358, 0.29656057182850489123,
    0.026532189526576123093, 0.0012426609473880784386, 2.71155556874348757815e-5, 2.01033439929228813265e-7],
  [1, 0.59983220655588793769, 0.13692988092273580531, 0.0148753612908506148525, 7.868691311456132591e-4,
    1.8463183175100546818e-5, 1.4215117583164458887e-7, 2.04426310338993978564e-15],
];

function ratio([above, below], x) {
  let numerator = 0;
  let denominator = 0;
  for (let i = 7; i >= 0; i--) {
    numerator = numerator * x + above[i];
    denominator = denominator * x + below[i];
  }
  return numerator / denominator;
}

export function normalQuantile(p) {
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) return q * ratio(CENTRE, 0.180625 - q * q);
  const r = Math.sqrt(-Math.log(q < 0 ? p : 1 - p));
  const found = r <= 5 ? ratio(MIDDLE, r - 1.6) : ratio(TAIL, r - 5);
  return q < 0 ? -found : found;
}

// Stirling's series after shifting the argument up to 10.
function logGamma(x) {
  let shift = 0;
  while (x < 10) {
    shift += Math.log(x);
    x += 1;
  }
  const y = 1 / (x * x);
  const series = (1 / 12 - y * (1 / 360 - y * (1 / 1260 - y * (1 / 1680 - y * (1 / 1188 - y * 691 / 360360))))) / x;
  return (x - 0.5) * Math.log(x) - x + 0.9189385332046727418 + series - shift;
}

// Continued fraction of the incomplete beta function by Lentz's method.
function betaFraction(a, b, x) {
  const tiny = 1e-300;
  let c = 1;
  let d = 1 - ((a + b) * x) / (a + 1);
  d = 1 / (Math.abs(d) < tiny ? tiny : d);
  let found = d;
  for (let m = 1; m < 10000; m++) {
    for (const step of [
      (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m)),
      (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1)),
    ]) {
      d = 1 + step * d;
      d = 1 / (Math.abs(d) < tiny ? tiny : d);
      c = 1 + step / c;
      if (Math.abs(c) < tiny) c = tiny;
      found *= c * d;
    }
    if (Math.abs(c * d - 1) < 1e-15) break;
  }
  return found;
}

function incompleteBeta(a, b, x, logBeta) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) - logBeta);
  return x < (a + 1) / (a + b + 2) ? (front * betaFraction(a, b, x)) / a : 1 - (front * betaFraction(b, a, 1 - x)) / b;
}

// Fisher's expansion (Abramowitz and Stegun 26.7.5).
function expansion(z, freedom) {
  const s = z * z;
  return z + (z * (s + 1)) / 4 / freedom
    + (z * ((5 * s + 16) * s + 3)) / 96 / freedom ** 2
    + (z * (((3 * s + 19) * s + 17) * s - 15)) / 384 / freedom ** 3
    + (z * ((((79 * s + 776) * s + 1482) * s - 1920) * s - 945)) / 92160 / freedom ** 4;
}

const known = new Map();

export function studentQuantile(p, freedom) {
  if (p < 0.5) return -studentQuantile(1 - p, freedom);
  if (p === 0.5) return 0;
  if (!Number.isFinite(freedom)) return normalQuantile(p);
  const key = `${p} ${freedom}`;
  if (!known.has(key)) {
    if (known.size > 50000) known.clear();
    known.set(key, solve(p, freedom));
  }
  return known.get(key);
}

function solve(p, freedom) {
  const z = normalQuantile(p);
  if (freedom > 2000) return expansion(z, freedom);
  const a = freedom / 2;
  const logBeta = logGamma(a) + logGamma(0.5) - logGamma(a + 0.5);
  const tail = 1 - p;
  // The tail falls as t grows; bisect until Newton's steps stay inside.
  let low = 0;
  let high = Math.max(4, 2 * z);
  const beyond = (t) => incompleteBeta(a, 0.5, freedom / (freedom + t * t), logBeta) / 2;
  while (beyond(high) > tail) high *= 2;
  let t = freedom > 2 ? Math.min(high, Math.max(low, expansion(z, freedom))) : high / 2;
  for (let i = 0; i < 200; i++) {
    const excess = beyond(t) - tail;
    if (excess > 0) low = t;
    else high = t;
    const density = Math.exp(-0.5 * Math.log(freedom) - logBeta - (a + 0.5) * Math.log1p((t * t) / freedom));
    let next = t + excess / density;
    if (!(next > low && next < high)) next = (low + high) / 2;
    if (Math.abs(next - t) <= 1e-15 * Math.abs(t)) return next;
    t = next;
  }
  return t;
}
