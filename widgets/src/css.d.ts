/** Style sheets of views, which build.mjs bundles as minified text. */
declare module "*.css" {
  const text: string;
  export default text;
}
