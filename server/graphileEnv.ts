// Has to be imported before anything of PostGraphile: its libraries read this once, when they are loaded. In
// development they check more and explain more.
process.env.GRAPHILE_ENV ??= process.env.NODE_ENV === "production" ? "production" : "development";
